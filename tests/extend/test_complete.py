"""Tracks in a toy detector of six cylinders take the free hits that they missed, and no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from clew.detector import Detector
from clew.event import Hits
from clew.extend.growing.complete import complete_tracks
from clew.extend.growing.following import Rules
from clew.extend.growing.grow import grow_triplets
from clew.extend.growing.network import NO_NETWORK
from clew.extend.kalman.grower import KalmanConfig, KalmanGrower
from clew.fitting.likelihood import Snap
from clew.hits.free import FreeHits
from clew.motion.state import Motion
from clew.stages import StageClock
from clew.tracks import Candidates, Seeds

RADII = (32.0, 72.0, 116.0, 172.0, 260.0, 360.0)
N_LAYERS = len(RADII)
COURSES = [(6e-4, 0.4, 0.5, -10.0), (-5e-4, -1.5, -0.4, 20.0), (2e-4, 2.5, 0.8, 0.0), (-1e-4, 3.1, -0.9, 5.0)]
SNAP = Snap(pull=5.0, least_gain=-2.5, clusters=0.0)


def track(course: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return the hits of a helix from the beam line as rows (x, y, z, layer)."""
    h, phi0, slope, z0 = course
    arcs = [np.arcsin(h * r) / h for r in RADII]
    places = [(r, phi0 + h * arc, z0 + slope * arc) for r, arc in zip(RADII, arcs, strict=True)]
    return [(r * np.cos(phi), r * np.sin(phi), z, layer) for layer, (r, phi, z) in enumerate(places)]


@pytest.fixture(scope="module")
def make(
    in_uniform_field: Callable[..., Detector], hits_on: Callable[..., Hits]
) -> Callable[[Sequence[Sequence[float]]], Hits]:
    """Return a function that makes the hits of four tracks, number i the rows 6 i to 6 i + 5, and others."""
    detector = in_uniform_field(7, 8, 9, 10, 24, 25)
    rows = [row for course in COURSES for row in track(course)]

    def hits_and(others: Sequence[Sequence[float]] = ()) -> Hits:
        return hits_on(detector, [(*row, 100 + k) for k, row in enumerate([*rows, *others])])

    return hits_and


def rules_of(hits: Hits) -> Rules:
    return Rules(Motion(1.3, 1.5, 0.01), SNAP, NO_NETWORK, hits.detector.solenoid.map)


def completed(hits: Hits, labels: np.ndarray) -> list[int]:
    before = labels.copy()
    free = FreeHits.of(hits).without(labels > 0)
    found = complete_tracks(hits, labels, free, rules_of(hits))
    np.testing.assert_array_equal(labels, before)
    return found.tolist()


@pytest.fixture
def labels() -> np.ndarray:
    """Return the labels of the tracks: not in order, and not all numbers are used."""
    return np.repeat(np.array([7, 2, 9, 4], dtype=np.int32), N_LAYERS)


@pytest.mark.parametrize("missed", [[2], [1, 2], [5], [4, 5], [0], [0, 1], [0, 2], [0, 1, 2], [0, 2, 5]])
def test_hits_that_a_track_missed_are_given_back(
    make: Callable[..., Hits], labels: np.ndarray, missed: list[int]
) -> None:
    whole = labels.tolist()
    for first in (0, 12):
        labels[[first + k for k in missed]] = 0
    assert completed(make(), labels) == whole


def test_whole_tracks_are_left_alone(make: Callable[..., Hits], labels: np.ndarray) -> None:
    far = [(-r, 0.5 * r, 20.0 * k, k) for k, r in enumerate((28.6, 64.4, 103.8))]
    whole = np.append(labels, np.zeros(3, dtype=np.int32))
    assert completed(make(far), whole) == whole.tolist()


def test_hits_of_other_tracks_are_not_taken(make: Callable[..., Hits], labels: np.ndarray) -> None:
    """A second track has the hit that the first one lacks."""
    labels[3] = 2
    assert completed(make(), labels) == labels.tolist()


def test_a_free_hit_goes_to_the_first_track_that_finds_it(
    make: Callable[..., Hits], labels: np.ndarray
) -> None:
    """The same track twice, 20 um apart, both without a hit on a layer: the lower number takes it."""
    near = [(x, y, z + 0.02, layer) for x, y, z, layer in track(COURSES[0])]
    both = np.append(labels, np.full(6, 3, dtype=np.int32))
    both[[2, 24 + 2]] = 0
    found = completed(
        make([row for row in near if row[3] != 2] + [near[2]]), np.append(np.delete(both, 26), 0)
    )
    assert found[2] == 3
    assert found[29] == 3


def test_tracks_on_two_layers_are_left_alone(make: Callable[..., Hits], labels: np.ndarray) -> None:
    labels[2:6] = 0
    assert completed(make(), labels) == labels.tolist()


def test_no_tracks_nothing_to_complete(make: Callable[..., Hits], labels: np.ndarray) -> None:
    assert completed(make(), 0 * labels) == [0] * len(labels)


@pytest.mark.parametrize("asked", [False, True])
def test_a_grower_completes_if_it_is_asked_to(
    make: Callable[..., Hits], labels: np.ndarray, asked: bool
) -> None:
    hits, whole = make(), labels.tolist()
    labels[2] = 0
    free, clock = FreeHits.of(hits).without(labels > 0), StageClock()
    grower = KalmanGrower(KalmanConfig(complete=asked), SNAP)
    assert grower.complete(hits, labels, free, clock).tolist() == (whole if asked else labels.tolist())
    assert (clock.seconds["extend"] > 0) == asked


def grown(
    hits: Hits, triplets: list[list[int]], gains: list[float], least_gain: float = 0.0
) -> list[list[int]]:
    seeds = Seeds(np.array(triplets, np.int32), Candidates.empty(), np.array(gains), least_gain=least_gain)
    found = grow_triplets(hits, seeds, FreeHits.of(hits), rules_of(hits), 1.0, 1e9)
    return [found[k].tolist() for k in range(len(found))]


def test_of_candidates_that_look_alike_the_best_stays(make: Callable[..., Hits]) -> None:
    own = list(range(6))
    assert grown(make(), [[0, 1, 2], [1, 2, 3], [2, 3, 4], [12, 13, 14]], [9.0, 8.0, 99.0, 5.0]) == [
        own,
        list(range(12, 18)),
    ]


def sharing(make: Callable[..., Hits], shared: int) -> tuple[Hits, list[list[int]]]:
    """Return hits, and two seeds of tracks of three hits that share the last ones."""
    hits = make()
    keep = np.zeros(len(hits), dtype=np.bool_)
    one, other = [0, 1, 2], [6, 7, 8]
    keep[one + other] = True
    rows = hits.select(np.flatnonzero(keep))
    return rows, [[0, 1, 2], [3, *((4, 5), (4, 2), (1, 2))[shared]]]


@pytest.mark.parametrize(("shared", "n"), [(0, 2), (1, 2), (2, 1)])
def test_tracks_that_share_fewer_than_half_of_their_hits_both_stay(
    make: Callable[..., Hits], shared: int, n: int
) -> None:
    hits, triplets = sharing(make, shared)
    assert len(grown(hits, triplets, [50.0, 40.0])) == n


@pytest.mark.parametrize(("least_gain", "n"), [(6.9, 1), (7.1, 0)])
def test_seeds_tell_what_their_tracks_must_gain(make: Callable[..., Hits], least_gain: float, n: int) -> None:
    hits = make().select(np.arange(3))
    assert len(grown(hits, [[0, 1, 2]], [7.0], least_gain)) == n


def test_growers_and_seeds_both_tell_what_a_track_must_gain(make: Callable[..., Hits]) -> None:
    hits = make().select(np.arange(3))
    assert grown(hits, [[0, 1, 2]], [0.9]) == []  # the rule of the grower: 1
