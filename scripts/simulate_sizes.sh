#!/usr/bin/env bash
# Simulates two events at each of several pile-ups, for clew benchmark --scaling: scripts/simulate_sizes.sh FOLDER
set -euo pipefail

folder=${1:?usage: scripts/simulate_sizes.sh FOLDER}
for pileup in 20 50 100 200 300 400; do
    clew simulate "$folder/mu$pileup" --events 2 --pileup "$pileup" --seed "$pileup" --format parquet
done
