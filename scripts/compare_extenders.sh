#!/usr/bin/env bash
# What the network in the loop is worth: scripts/compare_extenders.sh EVENTS [WEIGHTS]
# Compares on events with truth the default preset, a Kalman filter corrected by a recurrent network, with the filter
# alone and, if weights trained with `filtered = false` are given, with the network on helices through three hits.
set -euo pipefail

events=${1:?usage: scripts/compare_extenders.sh EVENTS [WEIGHTS]}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
preset=$(python -c 'from importlib.resources import files; print(files("clew.presets") / "clew.toml")')

cp "$preset" "$folder/both.toml"
sed 's/^method = "recurrent"$/method = "kalman"/' "$preset" > "$folder/filter.toml"
variants=("$folder/both.toml" "$folder/filter.toml")
if [ -n "${2:-}" ]; then
    weights=$(realpath "$2")
    sed "s|^method = \"recurrent\"\$|method = \"recurrent\"\nweights = \"$weights\"|" "$preset" > "$folder/network.toml"
    variants+=("$folder/network.toml")
fi
clew compare "$events" --presets "${variants[@]}"
