#!/usr/bin/env bash
# Simulate the events that ship with Clew: two at pile-up 20, with noise in proportion, and one at pile-up 200.
# Usage: scripts/simulate_bundled_events.sh OUT     (OUT is data/events in the repository)
set -euo pipefail
out=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
clew simulate "$folder/small" --first 1 --events 2 --pileup 20 --noise 0.1 --seed 2026 --format parquet
clew simulate "$folder/large" --first 3 --events 1 --pileup 200 --seed 2026 --format parquet
mkdir -p "$out"
cp "$folder"/small/event* "$folder"/large/event* "$out/"
