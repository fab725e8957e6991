#!/usr/bin/env bash
# Prints hits and seconds per event of the default preset at several pile-ups: scripts/measure_scaling.sh FOLDER
# FOLDER is made if need be, with two simulated events in each of mu20, mu50, ... mu400.
set -euo pipefail

folder=${1:?usage: scripts/measure_scaling.sh FOLDER}
for pileup in 20 50 100 200 300 400; do
    events=$folder/mu$pileup
    [ -d "$events" ] || clew simulate "$events" --events 2 --pileup "$pileup" --seed "$pileup" --format parquet
    for hits in "$events"/*-hits.parquet; do
        printf 'pile-up %s: ' "$pileup"
        clew benchmark "${hits%-hits.parquet}" --networks 2>/dev/null |
            awk '/^Preset/ {hits = $5} /^total/ {seconds = $2} /^phase 1/ {print hits, "hits,", seconds, "s,", $0}'
    done
done
