"""Records: their columns are the annotated fields, and kernels and Python read and write the same ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clew.kernels import kernel
from clew.records import new_record, record_dtype


class Point:
    x: float
    layer: int
    there: bool
    y: float


POINT = record_dtype(Point)


@kernel
def double(point: Any) -> float:
    point.x *= 2.0
    point.layer += 1
    point.there = not point.there
    return point.y


@kernel
def take_over(points: Any, source: int, target: int) -> None:
    points[target] = points[source]
    points[source].x = -1.0


def test_fields_are_the_annotated_ones_in_their_order() -> None:
    assert POINT.names == ("x", "layer", "there", "y")
    assert [POINT[name] for name in POINT.names] == [np.float64, np.int32, np.bool_, np.float64]


def test_floats_lie_where_processors_read_them_at_once() -> None:
    assert POINT.isalignedstruct
    assert [POINT.fields[name][1] % 8 for name in ("x", "y")] == [0, 0]
    assert POINT.itemsize % 8 == 0


def test_other_kinds_of_fields_are_refused() -> None:
    class Odd:
        name: str

    with pytest.raises(KeyError):
        record_dtype(Odd)


def test_a_new_record_is_zero() -> None:
    point = new_record(POINT)
    assert (point.x, point.layer, point.there, point.y) == (0.0, 0, False, 0.0)


def test_kernels_write_into_the_record_that_python_holds() -> None:
    point = new_record(POINT)
    point.x, point.layer, point.y = 1.5, 7, -3.0
    assert double(point) == -3.0
    assert (point.x, point.layer, point.there) == (3.0, 8, True)


def test_a_record_of_an_array_is_its_row() -> None:
    points = np.zeros(3, dtype=POINT)
    points["x"] = 1.0, 2.0, 3.0
    double(points[1])
    assert points["x"].tolist() == [1.0, 4.0, 3.0]


def test_kernels_copy_records_by_value() -> None:
    points = np.zeros(2, dtype=POINT)
    points["x"], points["layer"] = (1.0, 2.0), (3, 4)
    take_over(points, 0, 1)
    assert points["x"].tolist() == [-1.0, 1.0]
    assert points["layer"].tolist() == [3, 3]
