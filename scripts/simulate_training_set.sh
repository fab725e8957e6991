#!/usr/bin/env bash
# Simulate the events that the shipped networks are trained, validated and tested on: 310 with the beam spot of
# the Kaggle events (5.5 mm) and 310 with a ten times longer one; 3.1 GB, 10 minutes on two cores.
# Usage: scripts/simulate_training_set.sh OUT [JOBS]
set -euo pipefail
out=$1
jobs=${2:-2}

make_events() {  # beam spot, name, first event, events
  local seed=55
  if [ "$1" = 5.5 ]; then seed=5; fi
  clew simulate "$out/$2-$1" --first "$3" --events "$4" --sigma-z "$1" --seed "$seed" \
    --pileup 200 --format parquet --jobs "$jobs"
}

for spot in 5.5 55; do
  make_events "$spot" validation 261 25
  make_events "$spot" test 286 25
done
for upto in 65 130 195 260; do
  for spot in 5.5 55; do
    make_events "$spot" train 1 "$upto"
  done
done
