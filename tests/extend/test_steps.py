"""Steps along true tracks: those of a helix by hand, in a field that is the same everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.event import Hits
from clew.extend.growing.network import N_CORRECTIONS
from clew.extend.growing.steps import LONGEST, Steps, steps_of
from clew.extend.growing.targets import STEP_TARGET, apply_corrections, residual_variances, split, stack
from clew.motion.state import Motion
from clew.tracksets import Tracks

RADIUS, SLOPE = 1500.0, 0.4
MOTION = Motion(1.3, 1.5, 0.01)


def helix_track(missing: int | None = None) -> Tracks:
    """Return a track to the left on all barrel layers; the detector may be `missing` the layer of one hit."""
    detector = replace(trackml(), solenoid=Solenoid.uniform(2.0))
    barrel = [detector.layers[k] for k in np.flatnonzero(detector.barrel)]
    r = np.array([layer.position for layer in barrel])
    phi = np.arcsin(r / (2 * RADIUS))
    volume, layer = (
        np.array([getattr(one, name) for one in barrel], dtype=np.int32) for name in ("volume", "layer")
    )
    if missing is not None:
        volume[missing] = 99
    x, y, z = (
        part.astype(np.float32) for part in (r * np.cos(phi), r * np.sin(phi), SLOPE * 2 * RADIUS * phi)
    )
    n = len(r)
    hits = Hits(np.arange(n), x, y, z, volume, layer, np.ones(n, dtype=np.int32), detector=detector)
    one = np.zeros((1, 3), dtype=np.float32)
    return Tracks(
        event_id=1,
        offsets=np.array([0, n]),
        particle_id=np.array([1]),
        vertex=one,
        momentum=one,
        charge=np.ones(1, dtype=np.int32),
        hits=hits,
        true_position=np.zeros((n, 3), dtype=np.float32),
        true_momentum=np.zeros((n, 3), dtype=np.float32),
    )


@pytest.fixture(scope="module", params=[True, False], ids=["filter", "three hits"])
def steps(request: pytest.FixtureRequest) -> Steps:
    return steps_of(helix_track(), MOTION._replace(filtered=request.param))


def test_steps_go_from_layer_to_layer_both_ways(steps: Steps) -> None:
    barrel = np.flatnonzero(trackml().barrel)
    for row, way in enumerate((barrel, barrel[::-1])):
        there = steps.layer[row] >= 0
        assert steps.last_layer[row, there].tolist() == way[2:-1].tolist()
        assert steps.layer[row, there].tolist() == way[3:].tolist()
    assert steps.layer.shape == (2, LONGEST)


def test_a_perfect_helix_is_where_it_is_predicted(steps: Steps) -> None:
    targets = steps.targets[steps.layer >= 0]
    assert np.abs(targets["r1"]).max() < 0.01
    assert np.abs(targets["r2"]).max() < 0.01
    surfaces = trackml().surfaces[steps.layer[steps.layer >= 0]]
    np.testing.assert_allclose(targets["e1"], surfaces["across"], rtol=1e-6)
    np.testing.assert_allclose(targets["e2"], surfaces["along"], rtol=1e-6)


def test_a_track_to_the_left_and_forward_goes_back_to_the_right(steps: Steps) -> None:
    for row, sign in enumerate((1.0, -1.0)):
        there = steps.layer[row] >= 0
        assert (steps.targets["side"][row, there] == sign).all()
        assert (steps.targets["end"][row, there] == sign).all()
        assert (steps.features[row, there, 7] == row).all()  # inward
        assert (steps.query[row, there, 5] == row).all()


def test_features_tell_of_curvature_slope_and_arc(steps: Steps) -> None:
    there = steps.layer[0] >= 0
    features = steps.features[0, there]
    assert features[:, 4] == pytest.approx(0.5 * np.log(1000.0 / RADIUS), abs=1e-3)
    assert features[:, 5] == pytest.approx(np.arcsinh(SLOPE), abs=1e-3)
    assert np.abs(features[:, :2]).max() < 0.5  # pulls
    r = np.array([layer.position for layer in trackml().layers if layer.barrel])
    arcs = np.diff(2 * RADIUS * np.arcsin(r / (2 * RADIUS)))
    assert 300.0 * features[1:, 6] == pytest.approx(arcs[2:-1], abs=0.05)
    assert features[0, 6] == 0.0  # no hit was met yet


def test_hits_on_layers_that_there_are_not_are_passed_over() -> None:
    steps = steps_of(helix_track(missing=5), MOTION)
    barrel = np.delete(np.flatnonzero(trackml().barrel), 5)
    there = steps.layer[0] >= 0
    assert steps.layer[0, there].tolist() == barrel[3:].tolist()


def test_corrections_shift_and_widen_by_hand() -> None:
    targets = np.zeros(1, dtype=STEP_TARGET)
    one = targets[0]
    one.r1, one.a1, one.e1, one.aa, one.side = 0.5, 1.0, 0.3, 0.04, -1.0
    one.r2, one.z2, one.e2, one.zz, one.end = 0.5, 1.0, 0.4, 0.09, 1.0
    corrections = np.zeros((1, N_CORRECTIONS))
    corrections[0] = 1.0, 1.0, np.log(2.0), np.log(3.0), np.log(4.0), np.log(5.0)
    columns = stack(targets).astype(np.float64)
    corrected = apply_corrections(split(columns), corrections, np)
    assert corrected.r1[0] == pytest.approx(0.5 + 0.2)  # mirrored: the curvature is negative
    assert corrected.r2[0] == pytest.approx(0.5 - 0.3)
    s11, s22 = residual_variances(corrected)
    assert s11[0] == pytest.approx(0.4**2 + 1.2**2)
    assert s22[0] == pytest.approx(0.9**2 + 2.0**2)
    np.testing.assert_array_equal(stack(targets)[0, :4], np.float32([0.5, 1.0, 0.0, 0.3]))
