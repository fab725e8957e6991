"""Networks in numpy on all threads, with results that do not depend on how many there are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache

import numpy as np
from numba import get_num_threads
from threadpoolctl import ThreadpoolController

from clew.arrays import Float32Array

__all__ = ["by_rows", "one_blas_thread"]


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looking for the libraries takes milliseconds


def one_blas_thread() -> AbstractContextManager[object]:
    """Let matrix products in a with-block be computed by one thread each: their sums then have one order."""
    limited: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limited


def by_rows(compute: Callable[..., Float32Array], *inputs: Float32Array, block: int = 2048) -> Float32Array:
    """Return compute(*inputs), several blocks of rows at a time; rows must not depend on each other.

    Every block has a fixed place and size and is computed by one thread.

    Parameters
    ----------
    compute : callable
        Takes rows of each input, the same of all, and returns as many.
    inputs : ndarray of shape (n, ...), float32
    block : int
        Rows of a block: what they need should fit the cache.
    """
    starts = range(0, len(inputs[0]), block)

    def run(start: int) -> Float32Array:
        return compute(*(part[start : start + block] for part in inputs))

    with one_blas_thread():
        if len(starts) < 2:
            return compute(*inputs)
        with ThreadPoolExecutor(get_num_threads()) as pool:
            return np.concatenate(list(pool.map(run, starts)))
