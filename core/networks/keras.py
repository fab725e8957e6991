"""Keras, imported when a network is built or trained and not before."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from clew.errors import ConfigError

__all__ = ["compile_model", "import_keras", "make_reproducible"]


def import_keras() -> Any:
    """Return the module keras; raises ConfigError where it cannot be imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings would hide what we say
    try:
        return import_module("keras")
    except ImportError as error:
        raise ConfigError(f"networks need Keras here ({error}): pip install 'clew[train]'") from error


def make_reproducible(seed: int) -> None:
    """Seed all random numbers, and let equal trainings on a CPU give equal weights, bit for bit."""
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        # Sums over segments and gradients of gathers otherwise add up in whatever order threads come.
        import_module("tensorflow").config.experimental.enable_op_determinism()


def compile_model(model: Any, loss: Any, learning_rate: float, steps: int) -> Any:
    """Give a model its loss and Nadam, with a learning rate that falls as a cosine; return it."""
    keras = import_keras()
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    # TensorFlow's own graph runs small steps faster than XLA does on a CPU.
    jit = keras.backend.backend() == "jax"
    model.compile(keras.optimizers.Nadam(schedule), loss=loss, jit_compile=jit)
    return model
