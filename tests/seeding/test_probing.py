"""The probe of three hits: exact helices, and errors by numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from clew.detector import Solenoid, trackml
from clew.event import Hits
from clew.hits.index import HIT_POINT, build_index
from clew.motion.crossings import HELIX
from clew.records import new_record
from clew.seeding.doublets import DoubletCuts, cuts_of, height_error
from clew.seeding.triplets.probing import PROBE, SPREAD, aim, collect, expect_beside, gain, project

RADIUS, SLOPE = 800.0, 0.4
LAYERS = trackml().layers
SURFACES = trackml().surfaces
BARREL = trackml().select(["pixel barrel", "short strip barrel 1"])
UNIFORM = Solenoid.uniform(2.0).map


def cuts(scattering: float = 0.0) -> DoubletCuts:
    return cuts_of(
        trackml(),
        least_pt=0.1,
        most_z0=200.0,
        beam_error=0.05,
        pull=4.0,
        least_gain=0.0,
        scattering=scattering,
    )


def helix_at(r: float) -> tuple[float, float, float]:
    """Return x, y, z where a helix from the origin along +x that turns left reaches r."""
    half = np.arcsin(r / (2 * RADIUS))
    return r * np.cos(half), r * np.sin(half), 5.0 + SLOPE * 2 * RADIUS * half


def three_hits() -> np.ndarray:
    points = np.zeros(3, dtype=HIT_POINT)
    for point, layer in zip(points, BARREL[:3], strict=True):
        point["x"], point["y"], point["z"] = helix_at(LAYERS[layer].position)
        point["layer"] = layer
    return points


def project_to(points: np.ndarray, layer: int, scattering: float = 0.0) -> tuple[float, np.record, np.record]:
    helix, target = new_record(HELIX), new_record(HELIX)
    probe, spread = new_record(PROBE), new_record(SPREAD)
    assert aim(points[0], points[1], points[2], SURFACES, cuts(scattering), helix, probe)
    arc = project(helix, probe, SURFACES[layer], False, UNIFORM, cuts(scattering), target, spread)
    return arc, target, spread


@pytest.mark.parametrize("layer", BARREL[3:])
def test_three_hits_of_a_helix_lead_to_its_next_ones(layer: int) -> None:
    arc, target, spread = project_to(three_hits(), layer)
    r, from_r = LAYERS[layer].position, LAYERS[BARREL[2]].position
    assert (target.x, target.y, target.z) == pytest.approx(helix_at(r), abs=1e-6)
    expected = 2 * RADIUS * (np.arcsin(r / (2 * RADIUS)) - np.arcsin(from_r / (2 * RADIUS)))
    assert arc == pytest.approx(expected, rel=1e-9)
    assert (spread.cos, spread.sin) == pytest.approx((np.cos(target.psi), np.sin(target.psi)))


def test_a_helix_does_not_reach_layers_behind_it_nor_discs_off_its_way() -> None:
    inner, disc = BARREL[0], trackml().select(["pixel endcap 7"])[0]
    assert project_to(three_hits(), inner)[0] == np.inf
    assert project_to(three_hits(), disc)[0] == np.inf


def test_errors_across_are_those_of_extrapolating_the_three_hits() -> None:
    """Each hit, and the one sought, is off by the error across: the squares of what that does add up."""
    layer, error = BARREL[3], cuts().across
    _, target, spread = project_to(three_hits(), layer)
    across2 = error**2
    for k in range(3):
        points = three_hits()
        r = np.hypot(points[k]["x"], points[k]["y"])
        psi = 2 * np.arcsin(r / (2 * RADIUS))
        points["x"][k] -= error * np.sin(psi)
        points["y"][k] += error * np.cos(psi)
        _, moved, _ = project_to(points, layer)
        across2 += ((moved.y - target.y) * spread.cos - (moved.x - target.x) * spread.sin) ** 2
    assert spread.across == pytest.approx(np.sqrt(across2), rel=0.03)


def test_errors_in_z_are_those_of_the_first_and_the_last_hit() -> None:
    layer = BARREL[3]
    _, target, spread = project_to(three_hits(), layer)
    height2 = height_error(SURFACES[layer], SLOPE) ** 2
    for k in (0, 2):
        points = three_hits()
        points["z"][k] += height_error(SURFACES[points[k]["layer"]], SLOPE)
        _, moved, _ = project_to(points, layer)
        height2 += (moved.z - target.z) ** 2
    assert spread.height == pytest.approx(np.sqrt(height2), rel=1e-3)


def test_scattering_widens_what_is_expected() -> None:
    plain, wide = project_to(three_hits(), BARREL[3])[2], project_to(three_hits(), BARREL[3], 1.0)[2]
    assert wide.across > plain.across
    assert wide.height > plain.height


def test_hits_too_close_make_no_helix() -> None:
    points = three_hits()
    points[1] = points[0]
    assert not aim(points[0], points[1], points[2], SURFACES, cuts(), new_record(HELIX), new_record(PROBE))


def test_hits_within_the_pull_are_collected_with_their_chi2() -> None:
    layer = BARREL[3]
    _, target, spread = project_to(three_hits(), layer)
    pulls = np.array([(0.0, 0.0), (3.0, 0.0), (0.0, -3.9), (3.0, 3.0), (5.0, 0.0)])
    x = target.x - pulls[:, 0] * spread.across * spread.sin
    y = target.y + pulls[:, 0] * spread.across * spread.cos
    z = target.z + pulls[:, 1] * spread.height
    n = len(pulls)
    volume, number = (np.full(n, getattr(LAYERS[layer], name), np.int32) for name in ("volume", "layer"))
    places = (part.astype(np.float32) for part in (x, y, z))
    index = build_index(Hits(np.arange(n), *places, volume, number, np.ones(n, np.int32)), np.arange(n))
    found, chi2 = np.zeros(8, dtype=np.int32), np.zeros(8)
    m = collect(index, layer, target, spread, 4.0, found, chi2)
    result = dict(zip(index.row[found[:m]].tolist(), chi2[:m].tolist(), strict=True))
    assert result == pytest.approx({0: 0.0, 1: 9.0, 2: 15.21}, abs=0.02)
    expected = -np.log(2 * np.pi * spread.across * spread.height * index.surfaces[layer]["density"] + 1e-9)
    assert gain(target, spread, index.surfaces[layer]) == pytest.approx(expected)


def test_beside_a_hit_another_is_expected_within_the_errors_of_both() -> None:
    points, spread = three_hits(), new_record(SPREAD)
    helix, probe = new_record(HELIX), new_record(PROBE)
    assert aim(points[0], points[1], points[2], SURFACES, cuts(), helix, probe)
    surface = SURFACES[points[2]["layer"]]
    expect_beside(helix, probe, surface, cuts(), spread)
    assert spread.across == pytest.approx(2 * cuts().across)
    assert spread.height == pytest.approx(np.sqrt(2 * surface["coarse_along"] ** 2 + 4 * cuts().across ** 2))
