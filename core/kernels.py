"""The one switch for compiled kernels: every numba function of Clew is declared by `kernel`.

Kernels are cached on disk, so that a second process starts at once; see `clew.kernel_cache`; where no
folder can be written, in memory.

Arrays are handed down without reference counts.  numba counts references to every array that a function
takes or slices, atomically; that was 40% of the time of Clew's kernels.  A kernel that owns no memory is
compiled without its runtime (`_nrt=False`) and so without counts.  What that asks for:

- A kernel that allocates (np.zeros, copies, temporaries), or returns an array or a tuple that holds one, or
  raises an error with values is declared with `owns=True`.  A missing `owns` at an allocation fails to
  compile; one at a returned tuple of arrays corrupts memory, so a test forbids it.
- Whoever calls a kernel keeps the arrays that it hands down until the call returns.
- A record that was taken out of an array does not keep it: the array is freed after its own last use.  So
  whoever allocated it hands the array down, not its record.
- An array is copied into another by `copy_into`: a slice assigned to a slice allocates where they overlap.

The threads of a process do not exist in one that is forked from it: `refuse_after_fork` says so.

`_nrt` and `forceinline` are not documented options of numba: a test looks for reference counts in the
compiled code and compares results with those of owning kernels; numba's version is bounded in setup.cfg.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, TypeVar, overload

import numba

from clew.errors import RunError
from clew.kernel_cache import kept_with

__all__ = ["copy_into", "interleaved", "kernel", "parallel_kernel", "refuse_after_fork", "run_blocks"]

_Function = TypeVar("_Function", bound=Callable[..., object])
_BLOCKS_PER_THREAD: Final = 6
_LEAST_BLOCK: Final = 64


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
        "inline": "always" if inline else "never",
        "forceinline": force,
        "_nrt": owns,
    }
    if function is None:
        return lambda late: _compiled(late, options)
    return _compiled(function, options)


def parallel_kernel(function: _Function) -> _Function:
    """Compile a function whose `numba.prange` loops run on all threads.

    What such a kernel writes may depend on the loop index only, never on the thread.
    """
    return _compiled(function, {"parallel": True, "_nrt": True})


def _compiled(function: _Function, options: Mapping[str, Any]) -> _Function:
    with kept_with(function.__code__.co_filename) as kept:
        return numba.njit(function, nogil=True, error_model="numpy", cache=kept, **options)


def run_blocks(work: Callable[[int, int], object], n: int) -> None:
    """Call work(begin, end) for ranges that together are range(n), on all of numba's threads.

    Threads take the next range when they are done with one, so that costly ones do not hold the others up.
    `work` is to call a kernel, which releases the interpreter lock; what it writes may depend on the index
    only.  The code of such a kernel is compiled once, that of a `parallel_kernel` several times.

    Parameters
    ----------
    work : callable
    n : int
    """
    refuse_after_fork()
    threads = min(numba.get_num_threads(), max(n // _LEAST_BLOCK, 1))
    n_blocks = 1 if threads == 1 else _BLOCKS_PER_THREAD * threads
    blocks = iter([(n * k // n_blocks, n * (k + 1) // n_blocks) for k in range(n_blocks)])

    def take() -> None:
        for block in blocks:  # a list's iterator hands each of its entries to one thread only
            work(*block)

    if threads > 1:
        work(0, 0)  # what is not compiled yet is compiled here, by the thread whose clock leaves that out
    others = [_threads().submit(take) for _ in range(threads - 1)]
    take()
    for other in others:
        other.result()


def refuse_after_fork() -> None:
    """Raise RunError in a process that was forked from one whose kernels had run on several threads.

    There they would wait for those threads for ever.
    """
    if _forked:
        raise RunError(
            "this process was forked from one in which Clew had started threads, which it does not have: "
            'start it by multiprocessing.get_context("spawn"), or before the first event'
        )


def _note_fork() -> None:
    global _forked
    try:
        numba.threading_layer()
    except ValueError:  # numba has started none
        _forked = _forked or _threads.cache_info().currsize > 0
    else:
        _forked = True


_forked = False
os.register_at_fork(after_in_child=_note_fork)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(numba.config.NUMBA_NUM_THREADS, thread_name_prefix="clew")


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
