#!/usr/bin/env bash
# Prints the numbers of the README's results: scripts/measure.sh EVENTS [PRESET...]
# EVENTS is a folder or zip of events with truth that nothing was trained or tuned on.
set -euo pipefail

events=${1:?usage: scripts/measure.sh EVENTS [PRESET...]}
shift
for preset in "${@:-finnie}"; do
    echo "== preset $preset"
    clew evaluate "$events" --preset "$preset"
done
