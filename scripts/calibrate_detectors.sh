#!/usr/bin/env bash
# Calibrate detectors of which Clew knows nothing, from 10 simulated events each (60 of the telescope), and print
# what presets find on those held out: a barrel and endcap detector, and a telescope with and without a field.
# Usage: scripts/calibrate_detectors.sh OUT     (an existing folder, which gets events and bundles)
set -euo pipefail
out=$1
described=$(dirname "$0")/detectors

clew simulate "$out/barrel-endcap" --detector "$described/barrel-endcap.toml" --events 10 --pileup 100 \
  --format parquet --jobs 2
clew calibrate "$out/barrel-endcap" --output "$out/barrel-endcap-bundle" --name barrel-endcap --jobs 2

for field in 1.0 0.0; do
  sed "s/^field = .*/field = $field/" "$described/telescope.toml" > "$out/telescope-$field.toml"
  clew simulate "$out/telescope-$field" --detector "$out/telescope-$field.toml" --events 60 \
    --gun particles=50,pdg=211,pt=0.3:2,eta=2.8:5 --noise 20 --format parquet
  clew calibrate "$out/telescope-$field" --output "$out/telescope-$field-bundle" --name "telescope-$field"
done
