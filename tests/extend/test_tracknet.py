"""TrackNETv2: its network in Keras and in numpy, its loss by hand, its training, the tracks that it finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clew.detector import trackml
from clew.errors import InputError
from clew.event import Event, Hits
from clew.extend.growing.network import N_FEATURES, N_QUERY
from clew.extend.growing.targets import STEP_TARGET
from clew.extend.growing.trained import MotionRecord
from clew.extend.tracknet.grower import TrackNetConfig, TrackNetGrower
from clew.extend.tracknet.network import (
    LEAST_RADIUS,
    WIDTH,
    TrackNet,
    TrackNetRecord,
    TrackNetShape,
    TrainedWith,
    array_shapes,
    build_keras_model,
    layer_kinds,
    with_kinds,
)
from clew.extend.tracknet.quality import ellipses_along, outward_paths
from clew.extend.tracknet.search import deviations_in_radii
from clew.extend.tracknet.training import TrackNetTask, TrackNetTrainingConfig, places
from clew.extend.weights import weights_path
from clew.fitting.ellipse import Branching
from clew.hits.free import FreeHits
from clew.io import find_events, read_event
from clew.learning import train
from clew.metrics import true_seeds
from clew.metrics.matching import match
from clew.metrics.tracks import metrics_above
from clew.networks.keras import make_reproducible
from clew.networks.losses import ellipse_loss
from clew.networks.records import save_arrays
from clew.pipeline import Pipeline
from clew.seeding.ranked.seeder import RankedTripletConfig, RankedTripletSeeder
from clew.stages import StageClock
from clew.tracks import Candidates, Seeds
from clew.tracksets import TrackSet, make_tracks, open_tracks, tracks_of

SHAPE = TrackNetShape(units=8, hidden=6)
KINDS = layer_kinds(trackml())


@pytest.fixture(scope="module")
def event() -> Event:
    return read_event(Path("data/events/event000000003"))


@pytest.fixture(scope="module")
def network() -> TrackNet:
    rng = np.random.default_rng(5)
    arrays = [rng.normal(0, 0.4, shape).astype(np.float32) for shape in array_shapes(SHAPE)]
    about = TrackNetRecord(SHAPE, MotionRecord(1.3, 1.5, 0.01, filtered=False), TrainedWith(0.9))
    return TrackNet(arrays, {}, about)


def test_numpy_and_keras_draw_the_same_ellipses_also_hit_by_hit(network: TrackNet) -> None:
    rng = np.random.default_rng(1)
    n, steps = 5, 6
    layer = rng.integers(0, 48, (n, steps)).astype(np.int32)
    features = with_kinds(rng.normal(size=(n, steps, N_FEATURES)).astype(np.float32), layer, KINDS)
    query = with_kinds(rng.normal(size=(n, steps, N_QUERY)).astype(np.float32), layer, KINDS)
    model = build_keras_model(SHAPE, steps)
    model.set_weights(network.arrays)
    drawn = model.predict_on_batch((np.pad(features, ((0, 0), (WIDTH - 1, 0), (0, 0))), query))
    hidden = network.start(n)
    for step in range(steps):
        hidden = network.update(hidden, features[:, step])
        np.testing.assert_allclose(network.ellipses(hidden, query[:, step]), drawn[:, step], atol=2e-5)
    assert (drawn[..., 2:] >= LEAST_RADIUS).all()


def test_hidden_states_go_with_their_candidates(network: TrackNet) -> None:
    layer = np.array([7, 8, 9], dtype=np.int32)
    features = with_kinds(np.eye(3, N_FEATURES, dtype=np.float32), layer, KINDS)
    all_three = network.update(network.start(3), features)
    one = network.update(network.start(1), features[2:])
    for part, alone in zip(all_three.select(np.array([2])), one, strict=True):
        np.testing.assert_allclose(part, alone, atol=1e-6)


def test_loss_weighs_distance_in_radii_against_area() -> None:
    drawn = np.array([[[1.0, 2.0, 2.0, 0.5], [0, 0, 9, 9]]], dtype=np.float32)
    targets = np.array([[[4.0, 4.0, 1.0], [5.0, 5.0, 0.0]]], dtype=np.float32)  # the second step is none
    expected = 0.8 * np.hypot(3.0 / 2.0, 2.0 / 0.5) + 0.2 * 2.0 * 0.5
    assert float(ellipse_loss(0.8)(targets, drawn)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("alpha", [0.7, 0.9])
def test_radii_of_least_loss_tell_the_deviations(alpha: float) -> None:
    off = np.random.default_rng(4).normal(0, (0.5, 1.5), (20_000, 2))
    factors = np.linspace(0.5, 6.0, 111)
    losses = [
        float(
            ellipse_loss(alpha)(
                np.insert(off, 2, 1.0, axis=1)[None], np.tile([0, 0, k * 0.5, k * 1.5], (1, 1, 1))
            )
        )
        for k in factors
    ]
    best = factors[int(np.argmin(losses))]
    number = deviations_in_radii(alpha, np.array([[best * 0.5, best * 1.5]]))
    assert number[0] == pytest.approx(best, rel=0.05)


def test_places_are_in_deviations_and_mirrored_with_the_candidate() -> None:
    targets = np.zeros(1, dtype=STEP_TARGET)
    hit = targets[0]
    hit.r1, hit.a1, hit.e1, hit.aa = 0.2, 1.0, 0.06, 0.08**2
    hit.r2, hit.z2, hit.e2, hit.zz = -0.3, 1.0, 0.08, 0.06**2
    hit.side, hit.end = -1.0, -1.0
    np.testing.assert_allclose(places(targets), [[-2.0, 3.0]], rtol=1e-5)
    hit.a1, hit.z1, hit.a2, hit.z2 = 0.6, 0.8, 0.8, -0.6  # measures along r, which has no mirror image
    assert (places(targets) < 0).all()


@pytest.fixture(scope="module")
def track_set(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    folder = tmp_path_factory.mktemp("tracks")
    list(make_tracks(find_events(Path("data/events"), 1, 1), folder / "set", 1, "the command of the set"))
    return open_tracks(folder / "set")


def make_task(track_set: TrackSet, seed: int = 1) -> TrackNetTask:
    config = TrackNetTrainingConfig(
        shape=SHAPE, epochs=3, events=1, held_out=1, batch=32, learning_rate=0.01, seed=seed
    )
    return TrackNetTask(config, track_set, track_set, track_set)


def digest(folder: Path) -> str:
    record = json.loads((folder / "tracknet.json").read_text())
    return str(record["sha256"])


@pytest.mark.slow
def test_training_learns_and_resumes_to_the_same_weights_bit_for_bit(
    track_set: TrackSet, tmp_path: Path
) -> None:
    untrained = make_task(track_set)
    begin = untrained.validation_loss(untrained.compiled_model())
    assert train(make_task(track_set), tmp_path / "a").best_loss < 0.95 * begin
    with pytest.raises(KeyboardInterrupt):
        train(make_task(track_set), tmp_path / "b", on_epoch=_interrupt)
    train(make_task(track_set), tmp_path / "b", resume=True)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert TrackNet.load(tmp_path / "a" / "tracknet.npz").alpha == 0.9


def test_a_seed_gives_its_own_weights_and_batches(track_set: TrackSet) -> None:
    def begin(seed: int) -> tuple[np.ndarray, ...]:
        task = make_task(track_set, seed=seed)
        make_reproducible(task.seed)
        inputs, targets = next(task.batches(0))
        return (*task.compiled_model().get_weights(), *inputs, targets)

    one, again, other = begin(1), begin(1), begin(2)
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True) if a.shape == b.shape)
    assert (one[0] != other[0]).any()
    assert (one[-1] != other[-1]).any()


def _interrupt(epoch: int, loss: float, validation_loss: float) -> None:
    if epoch == 2:
        raise KeyboardInterrupt


@pytest.mark.slow
def test_the_preset_finds_the_tracks_of_an_event(event: Event) -> None:
    assert event.truth is not None
    assert event.particles is not None
    result = Pipeline.from_preset("tracknet").reconstruct(event.hits)
    found = metrics_above(match(result.labels, event.truth, event.particles), event.particles, 1.0)
    assert found.double_majority > 0.95
    assert found.perfect > 0.85
    assert found.double_majority * found.n_particles / found.n_tracks > 0.95
    distance = np.hypot(event.hits.r, event.hits.z)
    for i in range(0, len(result.candidates), 50):
        rows = result.candidates[i]
        assert len(np.unique(rows)) == len(rows)
        assert distance[rows[-1]] > distance[rows[0]]


@pytest.fixture(scope="module")
def seeds(event: Event) -> Seeds:
    seeder = RankedTripletSeeder(RankedTripletConfig())
    return seeder.seed(event.hits, FreeHits.of(event.hits), Candidates.empty())


def grown(hits: Hits, seeds: Seeds, snap: Branching, **settings: float) -> Candidates:
    grower = TrackNetGrower(TrackNetConfig(**settings), snap)  # type: ignore[arg-type]
    return grower.grow(hits, seeds, FreeHits.of(hits), StageClock())


@pytest.mark.slow
def test_wider_ellipses_make_longer_candidates(event: Event, seeds: Seeds) -> None:
    short = replace(seeds, least_hits=1)
    narrow = grown(event.hits, short, Branching(0.02, 4), least_gain=-100.0)
    wide = grown(event.hits, short, Branching(2.0, 4), least_gain=-100.0)
    assert len(wide) > 0.95 * len(np.unique(seeds.hits[:, 0]))
    assert np.mean(wide.lengths) > np.mean(narrow.lengths) + 2


def test_one_candidate_for_each_first_hit_is_kept(event: Event, seeds: Seeds) -> None:
    candidates = grown(event.hits, seeds, Branching(2.0, 2))
    assert 0 < len(candidates) <= len(np.unique(seeds.hits[:, 0]))


def test_no_seeds_make_no_candidates(event: Event, seeds: Seeds) -> None:
    assert seeds.gains is not None
    none = Seeds(seeds.hits[:0], Candidates.empty(), seeds.gains[:0], 6)
    assert len(grown(event.hits, none, Branching(2.0, 4))) == 0


def test_seeds_of_five_hits_are_grown_from_their_first_three_layers(event: Event) -> None:
    assert event.truth is not None
    assert event.particles is not None
    five = true_seeds(event.truth, event.particles)
    snap = Branching(2.0, 4)
    first = grown(event.hits, Seeds(five, Candidates.empty()), snap)
    assert len(first) > 0.7 * len(five)
    triplets = Candidates.from_rows(five).triplets(event.hits.layer_index)
    same = grown(event.hits, Seeds(triplets, Candidates.empty(), np.zeros(len(triplets))), snap)
    np.testing.assert_array_equal(first.hits, same.hits)


def test_ellipses_hold_the_next_hits_of_true_tracks(event: Event) -> None:
    network = TrackNet.load(weights_path("tracknet"))
    wide, narrow = (ellipses_along(event, network, widening, 1.0) for widening in (2.0, 0.2))
    assert wide.inside.mean() > 0.97
    assert wide.own.sum() / wide.hits.sum() > 0.95
    assert (wide.own <= wide.hits).all()
    assert (wide.own >= wide.inside).all()
    assert narrow.inside.mean() < 0.5
    assert np.nanmedian(narrow.area) < 0.02 * np.nanmedian(wide.area)


def test_no_track_is_hard_enough_for_an_ellipse(event: Event) -> None:
    assert len(ellipses_along(event, TrackNet.load(weights_path("tracknet")), 2.0, 1e6).layer) == 0


def test_paths_hold_one_hit_a_layer_and_end_where_tracks_turn_back(toy: Event) -> None:
    tracks = tracks_of(toy)
    paths = outward_paths(tracks)
    assert len(paths) > 0.9 * len(tracks)
    for path in paths:
        rows = path[path >= 0]
        assert len(np.unique(tracks.owners[rows])) == 1
        layers = tracks.hits.layer_index[rows]
        assert (layers[1:] != layers[:-1]).all()
        assert (path[len(rows) :] == -1).all()


def test_weights_of_another_network_are_refused(tmp_path: Path, network: TrackNet) -> None:
    save_arrays(tmp_path / "other.npz", network.arrays, {"network": "edges", "shape": {}})
    with pytest.raises(InputError, match="weights of another network"):
        TrackNet.load(tmp_path / "other.npz")


def test_candidates_of_toy_helices_are_whole(
    make_toy_event: Callable[..., Event],
) -> None:
    toy = make_toy_event(60, seed=9, smear=0.02)
    assert toy.truth is not None
    assert toy.particles is not None
    labels = Pipeline.from_preset("tracknet").reconstruct(toy.hits).labels
    found = metrics_above(match(labels, toy.truth, toy.particles), toy.particles, 1.0)
    assert found.double_majority > 0.9
