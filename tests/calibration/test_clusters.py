"""Clusters of a simple law, on a cylinder and two discs, are learned back: by direction, side and kind."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from clew.calibration import count_clusters, learn_clusters
from clew.detector import ClusterTables, Detector
from clew.detector.clusters import N_ANGLES, N_EXTENTS
from clew.errors import InputError
from clew.event import Cells, Event, Hits, Truth

LEFT, CYLINDER, RIGHT = range(3)
HEIGHT: Final = (-600.0, 0.0, 600.0)  # mm; z of the discs
RADIUS: Final = 32.0  # mm
RATIO: Final = 3.0  # depth of the modules over pitch

STEEP: Final = np.linspace(-1.5, 1.5, 40_000)
"""Tangents at which tracks cross."""


@pytest.fixture(scope="module")
def toy(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return the detector: its modules point along the azimuth of each hit."""
    return replace(in_uniform_field(6, 7, 11), axes=None, clusters=None)


def columns(tangent: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return how many columns tracks fire: 1 + floor(abs(tangent) * RATIO + u), u even in 0 to 1."""
    share = np.random.default_rng(seed).uniform(size=len(tangent))
    return 1 + np.floor(np.abs(tangent) * RATIO + share).astype(np.int64)


def mean_columns(table: np.ndarray) -> np.ndarray:
    """Return the mean extent at each angle; clusters of the tests are of groups of one extent each."""
    mean: np.ndarray = np.arange(1, N_EXTENTS + 1) @ table
    return mean


def bins_of(tangent: float) -> int:
    return int((tangent / (1.0 + abs(tangent)) + 1.0) * N_ANGLES / 2)


def momenta(layer: int, azimuth: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return momenta that cross a layer, away from the middle, at angles of given tangents."""
    ahead = np.full(len(across), -1.0 if layer == LEFT else 1.0)
    if layer == CYLINDER:
        outward, aside, upward = ahead, across, along
    else:
        outward, aside, upward = along * ahead, across * ahead, ahead
    cos, sin = np.cos(azimuth), np.sin(azimuth)
    return np.stack([outward * cos - aside * sin, outward * sin + aside * cos, upward], axis=1)


def crossings(
    detector: Detector,
    layer: int,
    tangents: tuple[np.ndarray, np.ndarray],
    extents: tuple[np.ndarray, np.ndarray],
    owner: int = 1,
) -> Event:
    """Return hits anywhere on a layer, by the tangents and the extents of their clusters across and along."""
    n, rng = len(extents[0]), np.random.default_rng(1)
    azimuth, one = rng.uniform(-np.pi, np.pi, n), detector.layers[layer]
    r = np.full(n, RADIUS) if layer == CYLINDER else rng.uniform(40.0, 170.0, n)
    z = rng.uniform(-400.0, 400.0, n) if layer == CYLINDER else np.full(n, HEIGHT[layer])
    points = np.stack([r * np.cos(azimuth), r * np.sin(azimuth), z]).astype(np.float32)
    near, far = np.full((n, 2), 5), 4 + np.stack(extents, axis=1)
    channel = np.stack([far, near], axis=1).reshape(-1, 2).astype(np.int32)
    cells = Cells(np.arange(0, 2 * n + 1, 2), channel, np.ones(2 * n, dtype=np.float32))
    volume, number = np.full(n, one.volume, dtype=np.int32), np.full(n, one.layer, dtype=np.int32)
    hits = Hits(np.arange(1, n + 1), *points, volume, number, np.ones(n, np.int32), cells, detector)
    momentum = momenta(layer, azimuth, *tangents).astype(np.float32)
    return Event(7, hits, None, Truth(np.full(n, owner), points.T.copy(), momentum, np.zeros(n)))


def learned(detector: Detector, *events: Event) -> ClusterTables:
    return learn_clusters(detector, count_clusters(detector, events))


def shuffled(tangent: np.ndarray) -> np.ndarray:
    return np.random.default_rng(2).permutation(tangent)


@pytest.mark.parametrize("layer", [LEFT, CYLINDER, RIGHT])
def test_the_law_is_learned_back_at_every_angle(toy: Detector, layer: int) -> None:
    across, along = STEEP, shuffled(STEEP)
    event = crossings(toy, layer, (across, along), (columns(across), 2 * columns(along, seed=3)))
    tables = learned(toy, event)
    kind = tables.classes.index(toy.layers[layer].kind)
    # a share of the clusters is as noise: half of the groups' mean extent, without noise in the events
    stray, chance = 0.03, np.mean(np.arange(1, N_EXTENTS + 1))
    for tangent in (-1.2, -0.5, 0.2, 0.5, 1.2):
        for table, pitch in ((tables.across[kind], 1.0), (tables.along[kind], 2.0)):
            expected = (1.0 - stray) * pitch * (1.0 + RATIO * abs(tangent)) + stray * chance
            assert mean_columns(table)[bins_of(tangent)] == pytest.approx(expected, abs=0.25 * pitch)
    flat = tables.across[kind, :, bins_of(0.001)]
    assert flat[0] > 0.8
    assert flat[3:].max() < 0.01


def test_every_table_is_a_probability(toy: Detector) -> None:
    event = crossings(toy, CYLINDER, (STEEP, STEEP), (columns(STEEP), columns(STEEP)))
    tables = learned(toy, event)
    for table in (tables.across, tables.along, tables.noise_across, tables.noise_along):
        np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-5)
        assert table.min() > 0.0
        assert table.dtype == np.float32


def test_charges_that_drift_aside_show_with_their_sign(toy: Detector) -> None:
    drift = 0.4
    event = crossings(toy, CYLINDER, (STEEP, shuffled(STEEP)), (columns(STEEP - drift), columns(STEEP)))
    mean = mean_columns(learned(toy, event).across[toy_kind(toy, CYLINDER)])
    assert abs(np.argmin(mean) - bins_of(drift)) <= 2
    assert mean[bins_of(-drift)] > mean[bins_of(drift)] + 0.6 * 2 * drift * RATIO


@pytest.mark.parametrize("layer", [LEFT, RIGHT])
def test_discs_and_both_ends_are_mirrored(toy: Detector, layer: int) -> None:
    only = np.abs(STEEP)  # tracks of one side
    for one in (layer, CYLINDER):
        tables = learned(toy, crossings(toy, one, (only, only), (columns(only), columns(only))))
        along, across = tables.along[toy_kind(toy, one)], tables.across[toy_kind(toy, one)]
        np.testing.assert_allclose(along, along[:, ::-1], rtol=1e-5)
        same = np.allclose(across, across[:, ::-1], rtol=1e-5)
        assert same == (one != CYLINDER)


def test_where_no_track_crosses_all_of_them_tell(toy: Detector) -> None:
    few = np.full(30_000, 0.5)
    event = crossings(toy, CYLINDER, (few, few), (np.repeat([2, 3], 15_000), np.full(30_000, 4)))
    across = learned(toy, event).across[toy_kind(toy, CYLINDER)]
    for place in (0, N_ANGLES - 1):
        np.testing.assert_allclose(across[1:3, place], 0.5, atol=0.03)


def test_noise_has_its_own_shares(toy: Detector) -> None:
    track = np.zeros(4000)
    ones, fives = np.ones(4000, dtype=np.int64), np.full(4000, 5)
    event = crossings(toy, CYLINDER, (track, track), (ones, fives))
    noise = crossings(toy, CYLINDER, (track, track), (np.repeat([1, 2], [1000, 3000]), ones), owner=0)
    tables = learned(toy, event, noise)
    kind, other = toy_kind(toy, CYLINDER), toy_kind(toy, LEFT)
    # across, other hits are half noise, a quarter of it 1 column wide, and half tracks
    np.testing.assert_allclose(tables.noise_across[kind, :2], [0.5 + 0.125, 0.375], atol=0.01)
    assert tables.noise_along[kind, 0] > 0.99
    np.testing.assert_allclose(tables.noise_along[other], 1.0 / N_EXTENTS, rtol=1e-5)
    # of a track's clusters 3% are as those of noise
    assert tables.across[kind, 1, N_ANGLES // 2] == pytest.approx(0.03 * 0.75, abs=0.002)
    assert tables.along[kind, 0, N_ANGLES // 2] == pytest.approx(0.03, abs=0.002)


def test_noise_and_tracks_of_one_event_are_told_apart(toy: Detector) -> None:
    track, wide = np.zeros(2000), np.tile([1, 6], 1000)
    event = crossings(toy, CYLINDER, (track, track), (wide, wide))
    assert event.truth is not None
    truth = replace(event.truth, particle_id=np.tile([3, 0], 1000))
    counts = count_clusters(toy, [replace(event, truth=truth)])
    kind = toy_kind(toy, CYLINDER)
    assert counts.across[kind].sum(axis=1).nonzero()[0].tolist() == [0]
    assert counts.noise[:, kind].nonzero()[1].tolist() == [5, 5]


@pytest.mark.parametrize("layer", [LEFT, CYLINDER, RIGHT])
def test_counts_along_know_the_direction_from_the_beam_line(toy: Detector, layer: int) -> None:
    track, two = np.zeros(3000), np.full(3000, 2)
    event = crossings(toy, layer, (track, track), (two, two))
    r, z = np.hypot(event.hits.x, event.hits.y).astype(float), event.hits.z.astype(float)
    expected = [bins_of(one) for one in (z / r if layer == CYLINDER else r / z)]
    counted = count_clusters(toy, [event]).along[toy_kind(toy, layer), 1]
    assert np.abs(counted.sum(axis=0) - np.bincount(expected, minlength=N_ANGLES)).sum() <= 6
    assert counted[N_ANGLES // 2].sum() == 3000  # they do cross straight


def test_near_angles_tell_more_than_far_ones(toy: Detector) -> None:
    here, there = np.full(2000, 0.5), np.full(2000, -3.0)
    tangent, extent = np.concatenate([here, there]), np.repeat([2, 6], 2000)
    event = crossings(toy, CYLINDER, (tangent, tangent), (extent, extent))
    across = learned(toy, event).across[toy_kind(toy, CYLINDER)]
    # ten bins from the first ones, 59 from the others
    np.testing.assert_allclose(across[[1, 5], bins_of(0.5) - 10], [0.97, 0.0], atol=0.03)


def test_modules_that_point_elsewhere_turn_the_angles(toy: Detector) -> None:
    turn, straight = 0.3, np.zeros(20_000)
    event = crossings(toy, CYLINDER, (straight, straight), (np.full(20_000, 3), np.full(20_000, 3)))
    axes = np.full((len(toy), 2, 2), np.nan)
    axes[CYLINDER, 1] = np.cos(turn), np.sin(turn)
    turned = replace(toy, axes=axes)
    assert event.truth is not None
    forward = np.tile(np.array([np.cos(turn + 0.2), np.sin(turn + 0.2), 0.0], dtype=np.float32), (20_000, 1))
    truth = replace(event.truth, momentum=forward)
    counts = count_clusters(turned, [Event(1, replace(event.hits, detector=turned), None, truth)])
    (place,) = np.unique(np.nonzero(counts.across)[2])
    assert place == bins_of(np.tan(0.2))


def test_hits_without_cells_count_for_nothing(toy: Detector) -> None:
    track = np.zeros(10)
    event = crossings(toy, CYLINDER, (track, track), (np.full(10, 2), np.full(10, 2)))
    assert event.hits.cells is not None
    cells = event.hits.cells
    offsets = np.minimum(cells.offsets, 8)  # the last six have none
    hits = replace(event.hits, cells=Cells(offsets, cells.channel[:8], cells.value[:8]))
    counts = count_clusters(toy, [replace(event, hits=hits)])
    assert counts.across.sum() == counts.along.sum() == 4
    assert counts.noise.sum() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truth": None}, "event 7 has no truth"),
        ({"hits": None}, "event 7 has no cells"),
    ],
)
def test_events_that_lack_a_part_are_refused(toy: Detector, change: dict[str, None], message: str) -> None:
    track = np.zeros(10)
    event = crossings(toy, CYLINDER, (track, track), (np.full(10, 2), np.full(10, 2)))
    bare = (
        replace(event, hits=replace(event.hits, cells=None))
        if "hits" in change
        else replace(event, truth=None)
    )
    with pytest.raises(InputError, match=message):
        count_clusters(toy, [bare])


def test_noise_alone_is_refused(toy: Detector) -> None:
    track = np.zeros(10)
    noise = crossings(toy, CYLINDER, (track, track), (np.full(10, 2), np.full(10, 2)), owner=0)
    with pytest.raises(InputError, match="no particle left a cluster"):
        count_clusters(toy, [noise])
    with pytest.raises(InputError, match="no particle left a cluster"):
        count_clusters(toy, [])


def test_events_are_read_one_by_one(toy: Detector) -> None:
    alive: list[weakref.ref[Event]] = []

    def events() -> Iterator[Event]:
        for _ in range(4):
            assert sum(one() is not None for one in alive) <= 1
            track = np.zeros(10)
            event = crossings(toy, CYLINDER, (track, track), (np.full(10, 2), np.full(10, 2)))
            alive.append(weakref.ref(event))
            yield event
            del event

    assert count_clusters(toy, events()).across.sum() == 40


def toy_kind(detector: Detector, layer: int) -> int:
    """Return the row of a layer's class in the tables."""
    return sorted(detector.classes).index(detector.layers[layer].kind)
