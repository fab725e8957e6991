"""Which layers follow which: of concentric cylinders, and of a detector that is made out of another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clew.detector import Detector


@pytest.fixture
def barrel(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return the four cylinders of the pixel barrel."""
    return in_uniform_field(7, 8, 9, 10)


def test_cylinders_follow_each_other_from_the_inside(barrel: Detector) -> None:
    assert barrel.following(0).tolist() == [[1], [2], [3], [-1]]
    assert barrel.preceding(0).tolist() == [[-1], [0], [1], [2]]


def test_a_layer_may_be_skipped(barrel: Detector) -> None:
    assert barrel.following(1).tolist() == [[1, 2], [2, 3], [3, -1], [-1, -1]]
    assert barrel.preceding(1).tolist() == [[-1, -1], [0, -1], [1, 0], [2, 1]]


def test_a_detector_of_fewer_layers_has_its_own_transitions(barrel: Detector) -> None:
    assert len(barrel.following(0)) == 4
    assert len(replace(barrel, layers=barrel.layers[:2]).following(0)) == 2
    assert len(barrel.following(0)) == 4
