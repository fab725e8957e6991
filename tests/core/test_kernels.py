"""Who owns memory: kernels that do not count references return no arrays, and no count is in their code."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import clew
from clew.arrays import Float64Array, Int32Array
from clew.detector import trackml
from clew.hits.clusters import shapes_of
from clew.hits.index import HIT_POINT, cell_span, lower_bound
from clew.hits.space import SearchSpace
from clew.kernels import copy_into, interleaved, kernel, parallel_kernel
from clew.motion.measurement import RESIDUAL, measure
from clew.motion.state import STATE
from clew.motion.transport import PATH
from clew.records import RecordArray, new_record


@cache
def kernels() -> dict[str, Any]:
    """Return all of Clew's kernels in modules that can be imported here, by module and name."""
    found = {}
    for name in modules():
        try:
            module = importlib.import_module(name)
        except ImportError:  # what is needed for training or simulation only may be missing
            continue
        for key, value in vars(module).items():
            if isinstance(value, Dispatcher) and value.py_func.__module__ == name:
                found[f"{name}.{key}"] = value
    return found


def modules() -> Iterator[str]:
    """Yield the names of the modules that declare kernels."""
    for info in pkgutil.walk_packages(clew.__path__, "clew.", onerror=lambda _: None):
        spec = importlib.util.find_spec(info.name)
        if spec is not None and spec.origin and "clew.kernels import" in Path(spec.origin).read_text("utf-8"):
            yield info.name


def holds_array(kind: Any) -> bool:
    """Tell whether a value of an annotated type is an array, or a tuple that holds one somewhere."""
    if get_origin(kind) is np.ndarray or kind is np.ndarray:
        return True
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return any(map(holds_array, get_type_hints(kind).values()))
    return any(map(holds_array, get_args(kind)))


class Nested(NamedTuple):
    n: int
    parts: tuple[float, Float64Array]


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        (Float64Array, True),
        (RecordArray, True),
        (tuple[int, Int32Array], True),
        (SearchSpace, True),
        (Nested, True),
        (Int32Array | None, True),
        (float, False),
        (tuple[int, float], False),
        (type(None), False),
    ],
)
def test_arrays_are_seen_within_other_types(kind: Any, holds: bool) -> None:
    assert holds_array(kind) is holds


def test_no_kernel_that_counts_no_references_returns_arrays() -> None:
    assert len(kernels()) > 60
    wrong = []
    for name, one in kernels().items():
        returned = get_type_hints(one.py_func)["return"]
        if not one.targetoptions["_nrt"] and holds_array(returned):
            wrong.append(name)
    assert wrong == []


def test_every_kernel_is_declared_by_the_one_switch() -> None:
    for name, one in kernels().items():
        options = one.targetoptions
        assert "_nrt" in options, name
        assert options["nogil"], name
        assert options["error_model"] == "numpy", name
        assert options["_nrt"] or not options.get("parallel"), name


def run_lower_bound(run: Any) -> Any:
    return run(np.array([0.0, 1.0, 1.0, 2.0]), 0, 4, 1.0)


def run_cell_span(run: Any) -> Any:
    n = 2 * 256
    ratio = np.arange(6.0)
    starts = np.zeros(n + 1, dtype=np.int64)
    starts[257:] = 6
    points, rows = np.zeros(6, dtype=STATE), np.arange(6, dtype=np.int32)
    column = np.zeros(6, dtype=np.int16)
    known = trackml().surfaces, 0, shapes_of(trackml())
    space = SearchSpace(points, ratio, column, np.zeros((6, 2)), rows, starts, *known)
    return run(space, 1, 256, 1.5, 4.0)


def run_measure(run: Any) -> Any:
    state, path, point, residual = map(new_record, (STATE, PATH, HIT_POINT, RESIDUAL))
    state.x, state.slope, path.cos, path.sin, path.bent = 70.0, 0.5, 0.8, 0.6, 1e-3
    point.x, point.y, point.z, point.axis_cos, point.axis_sin = 72.0, 1.0, 3.0, 0.6, 0.8
    run(point, trackml().surfaces[11], state, path, residual)
    return residual.item()


def run_copy(run: Any) -> Any:
    target = np.zeros(4, dtype=np.int32)
    run(target, np.arange(5, dtype=np.int32), 3)
    return target.tolist()


SMALL = [
    (lower_bound, run_lower_bound),
    (cell_span, run_cell_span),
    (measure, run_measure),
    (copy_into, run_copy),
]


def counts_references(one: Any) -> bool:
    """Tell whether a kernel counts references, as compiled for the types that it was called with."""
    fresh = numba.jit(one.py_func, **{**one.targetoptions, "cache": False})
    for signature in one.signatures:
        fresh.compile(signature)
    return any(
        "@NRT_" in line
        for code in fresh.inspect_llvm().values()
        for line in code.splitlines()
        if "call " in line
    )


@pytest.mark.parametrize(("one", "run"), SMALL, ids=lambda value: getattr(value, "__name__", ""))
def test_small_kernels_count_no_references_and_find_the_same_with_counts(
    one: Any, run: Callable[[Any], Any]
) -> None:
    owning = numba.njit(one.py_func, error_model="numpy", _nrt=True)
    assert run(one) == run(owning)
    assert not one.targetoptions["_nrt"]
    assert not counts_references(one)


def slice_sum(values: Float64Array, n: int) -> float:
    total = 0.0
    for k in range(n):
        part = values[k : k + 2]
        total += part[0] * len(part)
    return total


def test_a_kernel_that_slices_counts_references_only_if_it_owns() -> None:
    """Shows that the look at the compiled code sees counts where there are some."""
    plain, owning = kernel(slice_sum), kernel(owns=True)(slice_sum)
    values = np.arange(5.0)
    assert plain(values, 4) == owning(values, 4) == 12.0
    assert counts_references(owning)
    assert not counts_references(plain)


def test_an_allocation_without_owning_fails_to_compile() -> None:
    @kernel
    def fresh(n: int) -> float:
        return np.zeros(n).sum()

    with pytest.raises(numba.core.errors.NumbaError):
        fresh(3)


def test_division_by_zero_is_numpys() -> None:
    @kernel
    def ratio(a: float, b: float) -> float:
        return a / b

    assert ratio(1.0, 0.0) == np.inf


@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_blocks_are_worked_on_each_once_neighbours_apart(n: int) -> None:
    order = [interleaved(block, n) for block in range(n)]
    assert sorted(order) == list(range(n))
    assert order == [*range(0, n, 2), *range(1, n, 2)]


@parallel_kernel
def squares(n: int) -> Float64Array:
    found = np.zeros(n)
    for k in numba.prange(n):
        found[k] = k * k
    return found


def test_parallel_kernels_own_what_they_return() -> None:
    assert squares(5).tolist() == [0.0, 1.0, 4.0, 9.0, 16.0]
    assert squares.targetoptions["_nrt"]
