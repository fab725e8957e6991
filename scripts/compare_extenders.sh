#!/usr/bin/env bash
# What the network in the loop is worth: scripts/compare_extenders.sh EVENTS
# Compares on events with truth the default preset, a Kalman filter corrected by a recurrent network, with the filter
# alone, which takes hits of lower gain, and with a network on helices through the last three hits.
set -euo pipefail

events=${1:?usage: scripts/compare_extenders.sh EVENTS}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
preset=$(python -c 'from importlib.resources import files; print(files("clew.pipeline.presets") / "clew.toml")')

cp "$preset" "$folder/both.toml"
sed -e 's/^method = "recurrent"$/method = "kalman"/' -e 's/^least_gain = -0.5$//' "$preset" > "$folder/filter.toml"
sed 's/^method = "recurrent"$/method = "recurrent"\nweights = "gru-16-three"/' "$preset" > "$folder/network.toml"
clew compare "$events" --presets "$folder/both.toml" "$folder/filter.toml" "$folder/network.toml"
