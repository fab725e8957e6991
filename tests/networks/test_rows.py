"""Rows through a network in blocks: the same as at once, whatever the number of threads."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from clew.networks.rows import by_rows

WEIGHT = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)


def network(x: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return np.tanh(x @ WEIGHT) + bias


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
def test_blocks_make_what_all_rows_at_once_make(n: int) -> None:
    rng = np.random.default_rng(n)
    x, bias = (rng.normal(size=(n, width)).astype(np.float32) for width in (6, 1))
    made = by_rows(network, x, bias, block=64)
    assert made.shape == (n, 5)
    np.testing.assert_allclose(made, network(x, bias), atol=1e-6)


def test_the_number_of_threads_changes_nothing() -> None:
    x = np.random.default_rng(2).normal(size=(5000, 6)).astype(np.float32)
    bias, most = np.zeros((5000, 1), dtype=np.float32), numba.get_num_threads()
    made = []
    for threads in (1, most):
        numba.set_num_threads(threads)
        made.append(by_rows(network, x, bias, block=300))
    numba.set_num_threads(most)
    np.testing.assert_array_equal(*made)
