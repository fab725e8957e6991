#!/usr/bin/env bash
# Trains the networks that ship in extend/weights: scripts/train_networks.sh FOLDER
# FOLDER/events holds folders of events with truth: train-*, validation-* and test-*.  Their tracks go to
# FOLDER/tracks, the networks to FOLDER/networks.  Run again, it goes on where it stopped.
set -euo pipefail

cd "${1:?usage: scripts/train_networks.sh FOLDER}"
for events in events/{train,validation,test}-*; do
    clew dataset "$events" -o "tracks/${events#events/}" --jobs 2
done

train() {
    local folder="networks/$1" resume=()
    if [ -e "$folder/checkpoint.npz" ]; then resume=(--resume); fi
    clew train tracks/train-* --validation tracks/validation-* --test tracks/test-* \
        --output "$folder" --network "$1" "${resume[@]}"
}

train lstm-64
train bilstm-32
