"""The one switch for compiled kernels: every numba function of Clew is declared by `kernel`.

Kernels are cached on disk, so that a second process starts at once.  numba does not notice an edit of a
function that a cached kernel calls from another file: set CLEW_KERNEL_CACHE=0 while editing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar, overload

import numba

__all__ = ["interleaved", "kernel", "parallel_kernel"]

_Function = TypeVar("_Function", bound=Callable[..., object])
_CACHE = os.environ.get("CLEW_KERNEL_CACHE", "1") != "0"


@overload
def kernel(function: _Function) -> _Function: ...
@overload
def kernel(*, inline: bool) -> Callable[[_Function], _Function]: ...
def kernel(
    function: _Function | None = None, *, inline: bool = False
) -> _Function | Callable[[_Function], _Function]:
    """Compile a function for one thread; it releases the interpreter lock."""
    options = {
        "nogil": True,
        "cache": _CACHE,
        "error_model": "numpy",
        "inline": "always" if inline else "never",
    }
    if function is None:
        return lambda late: numba.njit(late, **options)
    return numba.njit(function, **options)


def parallel_kernel(function: _Function) -> _Function:
    """Compile a function whose `numba.prange` loops run on all threads.

    What such a kernel writes may depend on the loop index only, never on the thread.
    """
    return numba.njit(function, parallel=True, nogil=True, cache=_CACHE, error_model="numpy")


@kernel
def interleaved(block: int, n_blocks: int) -> int:
    """Return which block to work on as number `block`: the even ones first, then the odd ones.

    Threads are given runs of neighbouring numbers; neighbouring blocks of hits cost alike, so each thread
    shall have some from everywhere.
    """
    half = (n_blocks + 1) // 2
    return 2 * block if block < half else 2 * (block - half) + 1
