#!/usr/bin/env bash
# Trains the networks that ship in extend/weights: scripts/train_networks.sh EVENTS VALIDATION OUTPUT
# EVENTS and VALIDATION are folders or zips of events with truth.  Run again, it goes on where it stopped.
set -euo pipefail

events=${1:?usage: scripts/train_networks.sh EVENTS VALIDATION OUTPUT}
validation=${2:?usage: scripts/train_networks.sh EVENTS VALIDATION OUTPUT}
output=${3:?usage: scripts/train_networks.sh EVENTS VALIDATION OUTPUT}

train() {
    local folder="$output/$1" resume=()
    shift
    if [ -e "$folder/checkpoint.npz" ]; then resume=(--resume); fi
    clew train "$events" --validation "$validation" --output "$folder" "${resume[@]}" "$@"
}

train lstm-64 --network lstm-64 --epochs 10
train bilstm-32 --network bilstm-32 --epochs 6
