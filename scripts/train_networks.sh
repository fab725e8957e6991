#!/usr/bin/env bash
# Trains lstm-64, bilstm-32 and both gru-16 of extend/weights: scripts/train_networks.sh FOLDER
# FOLDER/events holds folders of events with truth, train-*, validation-* and test-*, as
# scripts/simulate_training_set.sh FOLDER/events makes them.  Their tracks go to FOLDER/tracks, the networks to
# FOLDER/networks.  Run again, it goes on where it stopped.  Each network trains on one core, the first two about ten minutes, the
# others about three.
set -euo pipefail

cd "${1:?usage: scripts/train_networks.sh FOLDER}"
for events in events/{train,validation,test}-*; do
    clew dataset "$events" -o "tracks/${events#events/}" --jobs 2
done

export TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 NUMBA_NUM_THREADS=1
train() {
    local folder="networks/$1" resume=()
    if [ -e "$folder/checkpoint.npz" ]; then resume=(--resume); fi
    clew train tracks/train-* --validation tracks/validation-* --test tracks/test-* \
        --output "$folder" "${@:2}" "${resume[@]}"
}

printf 'task = "recurrent"\nname = "gru-16-three"\nfiltered = false\n' > three.toml
train lstm-64 --network lstm-64 &
first=$!
train bilstm-32 --network bilstm-32
train gru-16 --task recurrent
train gru-16-three --config three.toml
wait "$first"
