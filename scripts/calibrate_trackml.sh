#!/usr/bin/env bash
# Simulate the 16 events that the shipped bundle of the TrackML detector is calibrated on, and calibrate it:
# rewrites the .npz files in core/detector/trackml of this checkout.
# Usage: scripts/calibrate_trackml.sh OUT     (OUT gets the events)
set -euo pipefail
out=$1
bundle=$(dirname "$0")/../core/detector/trackml

make_events() {  # beam spot, seed
  clew simulate "$out/train-$1" --first 1 --events 8 --sigma-z "$1" --seed "$2" \
    --pileup 200 --format parquet --jobs 2
}

make_events 5.5 5
make_events 55 55
clew calibrate "$bundle" "$out/train-5.5" "$out/train-55" --output "$bundle"
