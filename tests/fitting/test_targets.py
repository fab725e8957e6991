"""Targets worked out by hand: directions, deviations, and which predictions are left out."""

from __future__ import annotations

import numpy as np
import pytest

from clew.detector import trackml
from clew.fitting.nearest.doubles import add_doubles
from clew.fitting.nearest.road import deviations, path_to
from clew.fitting.nearest.targets import TARGET, is_missing, make_targets
from clew.hits.index import build_index
from clew.records import new_record
from clew.tracks import Predictions

SPREAD = np.array([2.0, 4.0, 4.0])
TURN = 1e-4  # rad per mm of r


def spiral(make_hits, outwards=True):
    """Make a window of five hits that turn evenly with r and climb one mm per mm."""
    radii, places = (32, 72, 116, 172, 260), ((8, 2), (8, 4), (8, 6), (8, 8), (13, 2))
    rows = [(TURN * r, r, r, *place) for r, place in zip(radii, places, strict=True)]
    window = np.arange(5, dtype=np.int32)[None]
    return make_hits(rows), window if outwards else window[:, ::-1]


def test_the_direction_is_the_tangent_at_the_prediction(make_hits, make_predictions) -> None:
    hits, window = spiral(make_hits)
    (target,) = make_targets(hits, window, make_predictions([[(TURN * 360, 360, 360)]]), SPREAD)[0]
    assert (target.dr, target.dz) == pytest.approx((np.sqrt(0.5), np.sqrt(0.5)), rel=1e-3)
    assert target.dphi / target.dr == pytest.approx(TURN, rel=0.02)
    assert (target.across_sigma, target.r_sigma, target.z_sigma) == (2.0, 4.0, 4.0)
    assert not is_missing(target)


def test_mean_absolute_deviations_become_standard_deviations_in_mm(make_hits, make_predictions) -> None:
    hits, window = spiral(make_hits)
    points = make_predictions([[(TURN * 360, 360, 360)]]).points
    sigmas = np.array([[[0.01, 2.0, 1e-9, 0.0]]], dtype=np.float32)
    (target,) = make_targets(hits, window, Predictions(points, sigmas), SPREAD)[0]
    found = (target.across_sigma, target.r_sigma, target.z_sigma)
    assert found == pytest.approx((1.25 * 0.01 * 360, 2.5, 0.03), rel=1e-5)


def test_a_path_inwards_ends_where_it_turns_outwards(make_hits, make_predictions) -> None:
    hits, window = spiral(make_hits, outwards=False)
    steps = [(0.0, 20, 20), (np.pi, 32, -32), (np.pi, 72, -72)]
    targets = make_targets(hits, window, make_predictions([steps]), SPREAD)[0]
    assert [bool(is_missing(target)) for target in targets] == [False, True, True]


def test_a_hit_on_the_path_deviates_by_nothing(make_hits) -> None:
    hits, _ = spiral(make_hits)
    index = build_index(hits, np.arange(5))
    target = new_record(TARGET)
    target.phi, target.r, target.z = TURN * 255, 255.0, 255.0
    target.dphi, target.dr, target.dz = TURN * np.sqrt(0.5), np.sqrt(0.5), np.sqrt(0.5)
    point = index.points[-1]
    assert path_to(target, point.r, point.z, True) == pytest.approx(5 * np.sqrt(2), rel=1e-5)
    assert deviations(target, point, index.surfaces[point.layer]) == pytest.approx((0, 0), abs=1e-4)
    target.phi, target.z_offset = TURN * 255 - 0.01, 3.0
    found = deviations(target, point, index.surfaces[point.layer])
    assert found == pytest.approx((2.6, -3.0), abs=1e-3)


@pytest.mark.parametrize(("aside", "taken"), [(0.9, True), (1.1, False)])
def test_doubles_lie_within_five_deviations_of_their_classs_overlap(make_hits, aside, taken) -> None:
    # the double of the short strip hit, 0.08 mm wide and measured to 0.02 mm, on the next module
    radii, places = (32, 72, 116, 172, 260), ((8, 2), (8, 4), (8, 6), (8, 8), (13, 2))
    rows = [(0.0, r, 0.0, *place, 1) for r, place in zip(radii, places, strict=True)]
    across = trackml().classes["short strip barrel"].overlap[0]
    hits = make_hits([*rows, (aside * 5 * np.hypot(across, 0.02) / 262, 262, 0.0, 13, 2, 2)])
    windows = np.arange(5, dtype=np.int32)[None]
    index = build_index(hits, np.arange(6))
    found = add_doubles(hits, index, windows, np.zeros((1, 0), dtype=np.int32))
    assert (found == 5).any() == taken
