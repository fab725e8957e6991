"""The one switch for compiled kernels: every numba function of Clew is declared by `kernel`.

Kernels are cached on disk, so that a second process starts at once.  numba does not notice an edit of a
function that a cached kernel calls from another file: set CLEW_KERNEL_CACHE=0 while editing.

Arrays are handed down without reference counts.  numba counts references to every array that a function
takes or slices, atomically; that was 40% of the time of Clew's kernels.  A kernel that owns no memory is
compiled without its runtime (`_nrt=False`) and so without counts.  What that asks for:

- A kernel that allocates (np.zeros, copies, temporaries), or returns an array or a tuple that holds one, or
  raises an error with values is declared with `owns=True`.  A missing `owns` at an allocation fails to
  compile; one at a returned tuple of arrays corrupts memory, so a test forbids it.
- Whoever calls a kernel keeps the arrays that it hands down until the call returns.
- An array is copied into another by `copy_into`: a slice assigned to a slice allocates where they overlap.

`_nrt` and `forceinline` are not documented options of numba: a test looks for reference counts in the
compiled code and compares results with those of owning kernels; numba's version is bounded in setup.cfg.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, overload

import numba

__all__ = ["copy_into", "interleaved", "kernel", "parallel_kernel"]

_Function = TypeVar("_Function", bound=Callable[..., object])
_CACHE = os.environ.get("CLEW_KERNEL_CACHE", "1") != "0"


@overload
def kernel(function: _Function) -> _Function: ...
@overload
def kernel(
    *, inline: bool = ..., owns: bool = ..., force: bool = ...
) -> Callable[[_Function], _Function]: ...
def kernel(
    function: _Function | None = None, *, inline: bool = False, owns: bool = False, force: bool = False
) -> _Function | Callable[[_Function], _Function]:
    """Compile a function for one thread; it releases the interpreter lock.

    Parameters
    ----------
    inline : bool
        Insert it into its callers before types are known, so that they vectorise together; compiles slowly.
    owns : bool
        Whether it allocates or returns arrays; see the module.
    force : bool
        Insert it into its callers' machine code: for small kernels that are called for every hit.
    """
    options: dict[str, Any] = {
        "nogil": True,
        "cache": _CACHE,
        "error_model": "numpy",
        "inline": "always" if inline else "never",
        "forceinline": force,
        "_nrt": owns,
    }
    if function is None:
        return lambda late: numba.njit(late, **options)
    return numba.njit(function, **options)


def parallel_kernel(function: _Function) -> _Function:
    """Compile a function whose `numba.prange` loops run on all threads.

    What such a kernel writes may depend on the loop index only, never on the thread.
    """
    return numba.njit(function, parallel=True, nogil=True, cache=_CACHE, error_model="numpy", _nrt=True)


@kernel
def interleaved(block: int, n_blocks: int) -> int:
    """Return which block to work on as number `block`: the even ones first, then the odd ones.

    Threads are given runs of neighbouring numbers; neighbouring blocks of hits cost alike, so each thread
    shall have some from everywhere.
    """
    half = (n_blocks + 1) // 2
    return 2 * block if block < half else 2 * (block - half) + 1


@kernel(force=True)
def copy_into(target: Any, source: Any, n: int) -> None:
    """Copy the first n entries of an array to the front of another."""
    for k in range(n):
        target[k] = source[k]
