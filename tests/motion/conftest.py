"""States with any covariance, and how the state functions' matrices look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.motion.state import STATE
from clew.records import new_record

NAMES = ("aa", "ap", "ak", "az", "as_", "pp", "pk", "pz", "ps", "kk", "kz", "ks", "zz", "zs", "ss")


@pytest.fixture(scope="session")
def state_at() -> Callable[..., Any]:
    """Return a function that makes the record of a state, without covariance unless given as a matrix."""

    def make(
        x: float,
        y: float,
        z: float,
        psi: float,
        kappa: float,
        slope: float,
        matrix: np.ndarray | None = None,
    ) -> Any:
        state = new_record(STATE)
        state.x, state.y, state.z = x, y, z
        state.psi, state.kappa, state.slope = psi, kappa, slope
        if matrix is not None:
            for name, value in zip(NAMES, matrix[np.triu_indices(5)], strict=True):
                setattr(state, name, value)
        return state

    return make


@pytest.fixture(scope="session")
def matrix_of() -> Callable[[Any], np.ndarray]:
    """Return a function that makes a matrix, shape (5, 5), of a state's covariance."""

    def make(state: Any) -> np.ndarray:
        upper = np.zeros((5, 5))
        upper[np.triu_indices(5)] = [getattr(state, name) for name in NAMES]
        return upper + np.triu(upper, 1).T

    return make


@pytest.fixture(scope="session")
def random_covariance() -> Callable[..., np.ndarray]:
    """Return a function that makes a covariance of five parameters with the given deviations."""

    def make(seed: int, *deviations: float) -> np.ndarray:
        root = np.random.default_rng(seed).normal(size=(5, 8)) * np.array(deviations)[:, None] / 8**0.5
        return root @ root.T

    return make
