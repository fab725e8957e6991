#!/usr/bin/env bash
# Trains the networks of the published systems, each by its shipped experiment: scripts/train_systems.sh FOLDER
# FOLDER/events holds train-5.5, validation-5.5 and test-5.5, as scripts/simulate_training_set.sh FOLDER/events makes
# them.  Tracks go to FOLDER/tracks, networks to FOLDER/networks.  Run again, it goes on where it stopped.  Each
# network trains on one core, all of them about two hours.
set -euo pipefail

cd "${1:?usage: scripts/train_systems.sh FOLDER}"
for set in train validation test; do
    clew dataset "events/$set-5.5" -o "tracks/$set-5.5" --jobs 2
done

export TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 NUMBA_NUM_THREADS=1
train() {  # material, network, experiment
    local folder="networks/$2" resume=()
    if [ -e "$folder/checkpoint.npz" ]; then resume=(--resume); fi
    clew train "$1/train-5.5" --validation "$1/validation-5.5" --test "$1/test-5.5" \
        -o "$folder" --config "$3" "${resume[@]}"
}

train tracks tracknet tracknet
for network in mlp cnn cnn-parallel rnn lstm lstm-parallel mlp-gaussian lstm-gaussian cylindrical; do
    train tracks "step-$network" "steps-$network"
done
# the condensation network names the weights of edges-pixels that ship as its filter
for network in edges-barrel edges-half edges-all edges-pixels condensation segments; do
    train events "$network" "$network"
done
