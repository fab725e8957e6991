#!/usr/bin/env bash
# Calibrate the TrackML detector from events alone, with nothing of the bundle that ships, and print the scores
# of both on other events.
# Usage: scripts/calibrate_anew.sh BUNDLE TEST TRAIN...     (BUNDLE is made; TEST and TRAIN are events with truth)
set -euo pipefail
bundle=$1
test=$2
shift 2

clew calibrate "$@" --output "$bundle" --name TrackML --presets
echo "== the bundle that ships"
clew evaluate "$test"
echo "== calibrated anew"
clew evaluate "$test" --detector "$bundle"
