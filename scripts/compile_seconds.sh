#!/usr/bin/env bash
# What compiling the default preset's kernels takes, and starting once they are compiled: scripts/compile_seconds.sh
# Compiles into a new folder; the kernels in use are left alone.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export NUMBA_CACHE_DIR=$folder

python - <<'CODE'
from time import perf_counter, process_time

import clew
from clew.data import events_folder

events = [clew.read_event(events_folder() / f"event00000000{number}").hits for number in (1, 3)]
pipeline = clew.Pipeline.from_preset()


def seconds():
    cpu, wall = process_time(), perf_counter()
    for hits in events:
        pipeline.reconstruct(hits)
    return process_time() - cpu, perf_counter() - wall


(cold, cold_wall), (warm, warm_wall) = seconds(), seconds()
print(f"compiling: {cold - warm:.1f} s of CPU, {cold_wall - warm_wall:.1f} s")
CODE
clew benchmark --networks | grep -F "start-up"
