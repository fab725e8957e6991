"""Growing in a toy detector of six cylinders: which hits candidates take, what they gain and complete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from clew.detector import Detector
from clew.ensemble.claims import ClaimsConfig, ClaimsEnsemble
from clew.event import Hits
from clew.extend.growing.following import Rules, Scratch, follow, new_scratch, retrace
from clew.extend.growing.grow import grow_triplets
from clew.extend.growing.network import (
    N_CORRECTIONS,
    N_FEATURES,
    N_QUERY,
    NO_NETWORK,
    LoopNetwork,
    network_of,
)
from clew.fitting.likelihood import Snap, most_likely_hit
from clew.hits.free import FreeHits
from clew.hits.space import SearchSpace
from clew.kernels import kernel
from clew.motion.measurement import RESIDUAL, head, update
from clew.motion.state import STATE, Motion, scatter, start_state
from clew.motion.transport import PATH, transport, transport_covariance
from clew.records import new_record
from clew.seeding.ranked.seeder import RankedTripletConfig, RankedTripletSeeder
from clew.tracks import Candidates, Seeds

RADII = (32.0, 72.0, 116.0, 172.0, 260.0, 360.0, 500.0, 660.0, 820.0, 1020.0)
CYLINDERS = (7, 8, 9, 10, 24, 25, 26, 27, 40, 41)
N_LAYERS = 6  # of the toy detector: the first ones
MOTION = Motion(scattering=1.3, supports=1.5, energy_loss=0.01)
SNAP = Snap(pull=5.0, least_gain=-2.5, clusters=0.0)
NONE = np.zeros(0, dtype=np.int32)

COURSE = (6e-4, 0.4, 0.5, -10.0)  # half its curvature, azimuth, slope and z where it begins
OTHERS = [(-5e-4, -1.5, -0.4, 20.0), (2e-4, 2.5, 0.8, 0.0), (-1e-4, 3.1, -0.9, 5.0), (7e-4, 0.5, -0.2, 30.0)]


def track(course: tuple[float, ...], layers: Sequence[int] = range(N_LAYERS)) -> list[tuple[float, ...]]:
    """Return the hits of a helix from the beam line as rows (x, y, z, layer)."""
    h, phi0, slope, z0 = course
    rows = []
    for layer in layers:
        arc = np.arcsin(h * RADII[layer]) / h
        phi = phi0 + h * arc
        rows.append((RADII[layer] * np.cos(phi), RADII[layer] * np.sin(phi), z0 + slope * arc, layer))
    return rows


def numbered(rows: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
    """Put each hit on a module of its own, unless it has one."""
    return [tuple((*row, 100 + k)[:5]) for k, row in enumerate(rows)]


@pytest.fixture(scope="module")
def detector(in_uniform_field: Callable[..., Detector]) -> Detector:
    return in_uniform_field(*CYLINDERS[:N_LAYERS])


@kernel
def follow_three(space: SearchSpace, following: Any, rules: Rules, scratch: Scratch) -> tuple[int, float]:
    """Grow a candidate of three hits as `grow_triplets` does; shares its compiled code."""
    return follow(space, following, rules, scratch, 3)


class Toy:
    """Hits in the toy detector, and candidates of them, by their rows."""

    def __init__(self, hits: Hits, motion: Motion = MOTION, network: LoopNetwork = NO_NETWORK) -> None:
        self.hits = hits
        self.space: SearchSpace = FreeHits.of(hits).space
        self.rules = Rules(motion, SNAP, network, hits.detector.solenoid.map)
        self.entry = np.argsort(self.space.row).astype(np.int32)

    def candidate(self, rows: Sequence[int]) -> Scratch:
        scratch = new_scratch(self.rules.network)
        scratch.track[: len(rows)] = self.entry[list(rows)]
        return scratch

    def followed(self, rows: Sequence[int]) -> tuple[list[int], float]:
        """Return the rows of a candidate that has grown from its first three, and its gain."""
        scratch, points = self.candidate(rows), self.space.points
        three = [points[self.entry[row]] for row in rows[-3:]]
        surfaces, state = self.space.surfaces, scratch.states[0]
        assert start_state(*three, surfaces, self.rules.motion, self.rules.field, state)
        n, gain = follow_three(self.space, self.hits.detector.following(1), self.rules, scratch)
        return self.space.row[scratch.track[:n]].tolist(), gain

    def retraced(self, rows: Sequence[int]) -> list[int]:
        scratch = self.candidate(rows)
        n = retrace(self.space, self.hits.detector.preceding(1), self.rules, scratch, len(rows))
        return self.space.row[scratch.track[:n]].tolist()


@pytest.fixture(scope="module")
def toy(detector: Detector, hits_on: Callable[..., Hits]) -> Callable[..., Toy]:
    """Return a function that makes a toy of a track, further hits from row 6 on, and then other tracks."""

    def make(further: Sequence[Sequence[float]] = (), without: Sequence[int] = (), **how: Any) -> Toy:
        own = track(COURSE)
        for layer in without:
            own[layer] = (*track(OTHERS[0], [layer])[0][:3], layer)
        others = [row for course in OTHERS for row in track(course)]
        return Toy(hits_on(detector, numbered([*own, *further, *others])), **how)

    return make


def beside(layer: int, mm: float, *module: int) -> tuple[float, ...]:
    """Return a hit of the track on a layer, but so far along the cylinder from it."""
    ((x, y, z, _),) = track(COURSE, [layer])
    r, phi = np.hypot(x, y), np.arctan2(y, x) + mm / RADII[layer]
    return (r * np.cos(phi), r * np.sin(phi), z, layer, *module)


def test_a_candidate_follows_its_track(toy: Callable[..., Toy]) -> None:
    assert toy().followed([0, 1, 2])[0] == [0, 1, 2, 3, 4, 5]


def test_helices_through_three_hits_follow_it_too(toy: Callable[..., Toy]) -> None:
    assert toy(motion=MOTION._replace(filtered=False)).followed([0, 1, 2])[0] == [0, 1, 2, 3, 4, 5]


def test_a_candidate_passes_over_a_layer_without_a_hit(toy: Callable[..., Toy]) -> None:
    assert toy(without=[3]).followed([0, 1, 2])[0] == [0, 1, 2, 4, 5]
    assert toy(without=[3, 4, 5]).followed([0, 1, 2]) == ([0, 1, 2], 0.0)


def test_the_likelier_of_two_hits_on_one_module_is_taken(toy: Callable[..., Toy]) -> None:
    module = 103  # that of the track's hit on layer 3
    assert toy([beside(3, 0.05, module)]).followed([0, 1, 2])[0] == [0, 1, 2, 3, 4, 5]
    wrong = toy([beside(3, 0.0, module)])
    wrong.space.points[wrong.entry[3]].z += 0.3
    assert wrong.followed([0, 1, 2])[0] == [0, 1, 2, 6, 4, 5]


def test_hits_of_overlapping_modules_are_taken_three_at_most(toy: Callable[..., Toy]) -> None:
    many = [beside(4, 0.01 * k) for k in range(1, 6)]
    rows, _ = toy(many).followed([0, 1, 2])
    assert rows[:5] == [0, 1, 2, 3, 4]
    assert len(rows) == 9
    assert set(rows[5:8]) < set(range(6, 11))
    assert rows[8] == 5


def test_overlaps_of_the_third_hit_are_taken_first(toy: Callable[..., Toy]) -> None:
    assert toy([beside(2, 0.01)]).followed([0, 1, 2])[0] == [0, 1, 2, 6, 3, 4, 5]


def test_the_last_hits_on_three_layers_are_what_a_helix_goes_through(toy: Callable[..., Toy]) -> None:
    """Hits of overlapping modules do not count as layers of their own."""
    helices = toy([beside(3, 0.01), beside(4, 0.01)], motion=MOTION._replace(filtered=False))
    assert helices.followed([0, 1, 2])[0] == [0, 1, 2, 3, 6, 4, 7, 5]


def replayed(toy: Toy, double: int | None) -> float:
    """Return what the track's hits gain one after the other, with a double on layer 4, step by step."""
    space, rules, detector = toy.space, toy.rules, toy.hits.detector
    points, surfaces = [space.points[entry] for entry in toy.entry], space.surfaces
    state, target = new_record(STATE), new_record(STATE)
    path, residual, total = new_record(PATH), new_record(RESIDUAL), 0.0
    start_state(*points[:3], surfaces, rules.motion, rules.field, state)
    for layer in range(3, N_LAYERS):
        transport(state, surfaces[layer], False, rules.field, target, path)
        transport_covariance(state, path, target)
        hit, gain = most_likely_hit(space, layer, target, path, SNAP, NONE, residual)
        assert hit == toy.entry[layer]
        update(points[layer], surfaces[layer], target, path, residual)
        scatter(target, surfaces[layer], rules.motion, detector.solenoid.bending)
        total += gain
        if layer == 4 and double is not None:
            head(target, rules.field, path)
            met = toy.entry[[4]]
            hit, gain = most_likely_hit(space, layer, target, path, SNAP, met, residual)
            assert hit == toy.entry[double]
            update(points[double], surfaces[layer], target, path, residual)
            total += gain
        state, target = target, state
    return total


@pytest.mark.parametrize("doubled", [False, True])
def test_the_gain_is_that_of_each_step(toy: Callable[..., Toy], doubled: bool) -> None:
    own = toy([beside(4, 0.02)] if doubled else [])
    rows, gain = own.followed([0, 1, 2])
    assert len(rows) == 6 + doubled
    assert gain == pytest.approx(replayed(own, 6 if doubled else None), rel=1e-9)
    assert gain > 20.0


def blank(bias: Sequence[float] = (0.0,) * N_CORRECTIONS) -> LoopNetwork:
    """Return a network that knows nothing: its corrections are always the same."""
    shapes = (
        (N_FEATURES + N_LAYERS, 12), (4, 12), (2, 12), (4 + N_QUERY + N_LAYERS, 4), (4,), (4, N_CORRECTIONS)
    )  # fmt: skip
    return network_of([*(np.zeros(shape) for shape in shapes), np.array(bias)])


@pytest.mark.parametrize("filtered", [True, False])
def test_a_network_without_corrections_changes_nothing(toy: Callable[..., Toy], filtered: bool) -> None:
    motion, further = MOTION._replace(filtered=filtered), [beside(4, 0.02)]
    plain, helped = toy(further, motion=motion), toy(further, motion=motion, network=blank())
    assert helped.followed([0, 1, 2])[0] == plain.followed([0, 1, 2])[0]
    assert helped.followed([0, 1, 2])[1] == pytest.approx(plain.followed([0, 1, 2])[1], rel=1e-6)
    assert helped.retraced([2, 3, 4, 5]) == plain.retraced([2, 3, 4, 5])


def test_a_network_shifts_where_hits_are_sought(toy: Callable[..., Toy]) -> None:
    astray = toy(network=blank((40.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    assert astray.followed([0, 1, 2])[0] == [0, 1, 2]


def test_a_network_that_expects_more_makes_hits_gain_less(toy: Callable[..., Toy]) -> None:
    wide = toy(network=blank((0.0, 0.0, 1.0, 1.0, 1.0, 1.0)))
    rows, gain = wide.followed([0, 1, 2])
    assert rows == [0, 1, 2, 3, 4, 5]
    # deviations larger by e in both directions cost 2 at each of three hits, which are where they should be
    assert gain == pytest.approx(toy().followed([0, 1, 2])[1] - 6.0, abs=0.2)


def test_on_the_way_back_a_filter_needs_no_network(toy: Callable[..., Toy]) -> None:
    astray = blank((40.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    assert toy(network=astray).retraced([2, 3, 4, 5]) == [0, 1, 2, 3, 4, 5]
    helices = toy(network=astray, motion=MOTION._replace(filtered=False))
    assert helices.retraced([2, 3, 4, 5]) == [2, 3, 4, 5]


@pytest.mark.parametrize("filtered", [True, False])
def test_going_back_completes_a_hit_that_was_missed_and_goes_on_inwards(
    toy: Callable[..., Toy], filtered: bool
) -> None:
    own = toy(motion=MOTION._replace(filtered=filtered))
    assert own.retraced([0, 1, 3, 4, 5]) == [0, 1, 2, 3, 4, 5]
    assert own.retraced([0, 2, 3, 4, 5]) == [0, 1, 2, 3, 4, 5]
    assert own.retraced([1, 2, 3, 4, 5]) == [0, 1, 2, 3, 4, 5]
    assert own.retraced([3, 4, 5]) == [0, 1, 2, 3, 4, 5]


def test_going_back_keeps_all_the_hits_that_the_candidate_had(toy: Callable[..., Toy]) -> None:
    """Even those that are not likely: they were taken by a state that knew less."""
    own = toy([beside(1, 0.9)])
    assert own.retraced([0, 6, 2, 3, 4, 5]) == [0, 6, 2, 3, 4, 5]


def test_going_back_finds_overlaps_and_keeps_those_there_are(toy: Callable[..., Toy]) -> None:
    own = toy([beside(1, 0.01), beside(2, 0.01)])
    assert own.retraced([0, 1, 2, 3, 4, 5]) == [0, 6, 1, 7, 2, 3, 4, 5]
    assert own.retraced([0, 1, 2, 7, 3, 4, 5]) == [0, 6, 1, 2, 7, 3, 4, 5]


@pytest.mark.parametrize("layer", [4, 5])
def test_going_back_starts_from_three_layers_whatever_overlaps_there_are(
    toy: Callable[..., Toy], layer: int
) -> None:
    own, ends = toy([beside(layer, 0.01)]), {4: [4, 6, 5], 5: [4, 5, 6]}
    assert own.retraced([2, 3, *ends[layer]]) == [0, 1, 2, 3, *ends[layer]]


def test_a_candidate_on_two_layers_is_left_as_it_is(toy: Callable[..., Toy]) -> None:
    own = toy([beside(4, 0.01)])
    assert own.retraced([4, 6, 5]) == [4, 6, 5]


def test_a_candidate_that_misses_its_own_hit_on_the_way_back_is_left_as_it_is(
    toy: Callable[..., Toy],
) -> None:
    """A circle that the last three hits make curl up before the first one's layer."""
    x, y = (-260.0, 0.0)
    curl = [(172.0 * np.cos(2.2), 172.0 * np.sin(2.2), 0.0, 3), (x, y, 0.0, 4), (-340.0, -118.0, 0.0, 5)]
    own = toy([(0.0, -32.0, 0.0, 0), *curl])
    assert own.retraced([6, 7, 8, 9]) == [6, 7, 8, 9]


@pytest.fixture(scope="module")
def event(detector: Detector, hits_on: Callable[..., Hits]) -> Hits:
    """Return 25 tracks, the hits of number i in rows 6 i to 6 i + 5, and 100 hits anywhere."""
    rng = np.random.default_rng(12)
    rows: list[tuple[float, ...]] = []
    for _ in range(25):
        h, phi0 = rng.uniform(2e-5, 8e-4) * rng.choice((-1, 1)), rng.uniform(-np.pi, np.pi)
        rows += track((h, phi0, rng.uniform(-1.0, 1.0), rng.normal(0, 20.0)))
    for layer in rng.integers(0, N_LAYERS, 100):
        phi = rng.uniform(-np.pi, np.pi)
        rows.append((RADII[layer] * np.cos(phi), RADII[layer] * np.sin(phi), rng.uniform(-300, 300), layer))
    return hits_on(detector, numbered(rows))


def rules_of(hits: Hits) -> Rules:
    return Rules(MOTION, SNAP, NO_NETWORK, hits.detector.solenoid.map)


def seeds_of(triplets: Sequence[Sequence[int]], gains: Sequence[float], least_hits: int = 1) -> Seeds:
    return Seeds(np.array(triplets, np.int32), Candidates.empty(), np.array(gains, np.float64), least_hits)


def grown(
    hits: Hits, seeds: Seeds, free: FreeHits | None = None, least_gain: float = 4.0, enough: float = 40.0
) -> list[list[int]]:
    found = grow_triplets(hits, seeds, free or FreeHits.of(hits), rules_of(hits), least_gain, enough)
    return [found[k].tolist() for k in range(len(found))]


def test_the_best_seed_of_each_first_hit_grows(event: Hits) -> None:
    wrong = [0, 1, 8]  # its third hit is another track's
    gains = [9.0, 3.0, 3.0, 5.0]
    found = grown(event, seeds_of([wrong, [0, 1, 2], [6, 7, 8], [12, 13, 14]], gains))
    assert sorted(found) == [list(range(first, first + 6)) for first in (0, 6, 12)]


@pytest.mark.parametrize("best_first", [True, False])
def test_a_worse_seed_of_the_same_first_hit_does_not_replace_a_better_one(
    event: Hits, best_first: bool
) -> None:
    order = slice(None) if best_first else slice(None, None, -1)
    seeds = seeds_of([[0, 1, 2], [0, 1, 8]][order], [3.0, 9.0][order])
    assert grown(event, seeds, enough=1e9) == [[0, 1, 2, 3, 4, 5]]


def test_the_gain_of_the_seed_counts(event: Hits) -> None:
    """Of two tracks the one comes first whose seed gains 100 more."""
    triplets = [[0, 1, 2], [6, 7, 8]]
    one, other = list(range(6)), list(range(6, 12))
    assert grown(event, seeds_of(triplets, [100.0, 0.0])) == [one, other]
    assert grown(event, seeds_of(triplets, [0.0, 100.0])) == [other, one]


def test_equal_candidates_keep_the_order_of_their_seeds(
    detector: Detector, hits_on: Callable[..., Hits]
) -> None:
    rows = [row for course in (COURSE, *OTHERS[:2]) for row in track(course, range(3))]
    hits, seeds = hits_on(detector, numbered(rows)), [[6, 7, 8], [0, 1, 2], [3, 4, 5]]
    assert grown(hits, seeds_of(seeds, [7.0] * 3), least_gain=6.9) == seeds


@pytest.mark.parametrize(("least_gain", "n"), [(6.9, 1), (7.1, 0)])
def test_seeds_that_gain_too_little_are_given_up(
    detector: Detector, hits_on: Callable[..., Hits], least_gain: float, n: int
) -> None:
    hits = hits_on(detector, numbered(track(COURSE, range(3))))
    assert grown(hits, seeds_of([[0, 1, 2]], [7.0]), least_gain=least_gain) == [[0, 1, 2]] * n


@pytest.mark.parametrize(("least_hits", "n"), [(6, 1), (7, 0)])
def test_tracks_of_too_few_hits_are_left_out(event: Hits, least_hits: int, n: int) -> None:
    assert len(grown(event, seeds_of([[0, 1, 2]], [1.0], least_hits))) == n


def test_once_a_seed_gained_enough_the_others_are_not_grown(event: Hits) -> None:
    short = [[0, 1, 8], [0, 1, 2]]
    gains = [10.0, 3.0]
    assert grown(event, seeds_of(short, gains), enough=9.0)[0][-3:] != [3, 4, 5]
    assert grown(event, seeds_of(short, gains), enough=1e9) == [[0, 1, 2, 3, 4, 5]]


def test_only_free_hits_are_taken(event: Hits) -> None:
    taken = np.zeros(len(event), dtype=np.bool_)
    taken[[3, 20]] = True
    found = grown(event, seeds_of([[0, 1, 2]], [3.0]), FreeHits.of(event).without(taken))
    assert found == [[0, 1, 2, 4, 5]]


def labelled(hits: Hits) -> np.ndarray:
    """Return labels of a whole pass: ranked seeds, grown, resolved by claims."""
    free = FreeHits.of(hits)
    seeds = RankedTripletSeeder(RankedTripletConfig()).seed(hits, free, Candidates.empty())
    candidates = grow_triplets(hits, seeds, free, rules_of(hits), 4.0, 40.0)
    return ClaimsEnsemble(ClaimsConfig()).resolve(hits, [candidates], np.zeros(len(hits), dtype=np.int32))


def test_labels_are_those_of_the_tracks_in_whatever_order_the_hits_come(event: Hits) -> None:
    labels = labelled(event)
    own = labels[:150].reshape(25, 6)
    assert ((own == own[:, :1]).all(axis=1) & (own[:, 0] > 0)).sum() >= 23
    order = np.random.default_rng(1).permutation(len(event))
    np.testing.assert_array_equal(labelled(event.select(order)), labels[order])
