"""Time of the recurrent networks on each device that Keras's backend has."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import numpy as np

from clew.benchmark.timing import Timing, measure
from clew.extend.windows.features import N_INPUTS
from clew.extend.windows.helix import N_STEPS
from clew.extend.windows.networks import build_network
from clew.networks.keras import import_keras
from clew.tracks import SEED_LENGTH

__all__ = ["PER_TRACKS", "find_gpu", "keras_backend", "time_network"]

PER_TRACKS: Final = 10_000
"""Tracks that a time per network or per fit refers to."""

_BATCH: Final = 2048


def keras_backend() -> str:
    """Return the name of Keras's backend; raises ConfigError where Keras cannot be imported."""
    return str(import_keras().backend.backend())


def find_gpu() -> str | None:
    """Return the name of the GPU that Keras's backend uses, None where it has none."""
    names = {"tensorflow": _tensorflow_gpus, "jax": _jax_gpus, "torch": _torch_gpus}
    return next(iter(names[keras_backend()]()), None)


def _tensorflow_gpus() -> list[str]:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return [str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")) for gpu in gpus]


def _jax_gpus() -> list[str]:
    jax = import_module("jax")
    return [str(device.device_kind) for device in jax.devices() if device.platform == "gpu"]


def _torch_gpus() -> list[str]:
    cuda = import_module("torch").cuda
    return [str(cuda.get_device_name(number)) for number in range(cuda.device_count())]


def time_network(network: str, device: str, n_tracks: int, repeats: int) -> Timing:
    """Return the seconds per 10,000 tracks that an untrained network takes for its predictions.

    Weights and inputs are random: the time does not depend on them.

    Parameters
    ----------
    network : str
        A name in clew.extend.windows.networks.NETWORKS.
    device : "cpu" or "gpu"
    n_tracks : int
        Tracks predicted in each repeat.
    repeats : int
    """
    keras = import_keras()
    shape = (n_tracks, SEED_LENGTH + N_STEPS, N_INPUTS["zeros"])
    inputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    batches = [inputs[start : start + _BATCH] for start in range(0, n_tracks, _BATCH)]
    with keras.device(f"{device}:0"):
        model = build_network(network, "zeros")
        # XLA is 1.5 times as fast as TensorFlow's own LSTM on a CPU; on a GPU it would forgo cuDNN's
        model.compile(jit_compile=True if (keras_backend(), device) == ("tensorflow", "cpu") else "auto")
        time = measure(lambda: [model.predict_on_batch(batch) for batch in batches], repeats)
    keras.utils.clear_session()
    return time.scaled(PER_TRACKS / n_tracks)
