"""The helix fit against exact helices, and its covariance against numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from clew.detector import trackml
from clew.motion.crossings import HELIX
from clew.motion.helixfit import (
    FIT_RESIDUAL,
    HELIX_COVARIANCE,
    N_FITTED,
    WINDOW_HIT,
    HelixErrors,
    fit_helix,
)
from clew.records import new_record

RADIUS, SLOPE = 800.0, 0.4
ARCS = np.array([360.0, 260.0, 172.0, 116.0, 72.0])  # from the beam line, last hit first
STIFF = 1e12  # GeV/mm: tracks of so much momentum do not scatter
ERRORS = HelixErrors(beam_cut=0.0, across=0.03, beam=0.05, unseen=150.0, bending=STIFF)
LAYER = trackml().select(["pixel barrel 1"])[0]


def window(offset: float = 0.0) -> np.ndarray:
    """Five hits of a helix that leaves a point `offset` mm from the beam line along +x and turns left."""
    hits = np.zeros(5, dtype=WINDOW_HIT)
    hits["x"] = RADIUS * np.sin(ARCS / RADIUS)
    hits["y"] = offset + RADIUS * (1 - np.cos(ARCS / RADIUS))
    hits["z"] = 5.0 + SLOPE * ARCS
    hits["layer"] = LAYER
    return hits


def fit(hits: np.ndarray, errors: HelixErrors = ERRORS) -> tuple[np.record, np.record, np.ndarray]:
    helix, covariance = new_record(HELIX), new_record(HELIX_COVARIANCE)
    residuals = np.zeros(N_FITTED, dtype=FIT_RESIDUAL)
    assert fit_helix(hits, trackml().surfaces, errors, helix, covariance, residuals)
    return helix, covariance, residuals


@pytest.mark.parametrize("beam_cut", [0.0, 4.0])
def test_five_hits_of_a_helix_give_that_helix(beam_cut: float) -> None:
    hits = window()
    helix, _, residuals = fit(hits, ERRORS._replace(beam_cut=beam_cut))
    found = helix.x, helix.y, helix.z
    assert found == pytest.approx((hits[0]["x"], hits[0]["y"], hits[0]["z"]), abs=1e-6)
    assert (helix.psi, helix.slope) == pytest.approx((ARCS[0] / RADIUS, SLOPE), abs=1e-9)
    assert helix.curvature == pytest.approx(1 / RADIUS, rel=1e-7)
    np.testing.assert_allclose(residuals["across"], 0, atol=1e-6)
    np.testing.assert_allclose(residuals["height"], 0, atol=1e-6)


def test_a_beam_line_aside_is_told_of_and_drawn_on_only_within_the_cut() -> None:
    apart = fit(window(offset=0.2))
    assert apart[0].curvature == pytest.approx(1 / RADIUS, rel=1e-7)
    assert apart[2]["across"][5] == pytest.approx(-0.2, abs=1e-6)
    drawn = fit(window(offset=0.2), ERRORS._replace(beam_cut=1e6))
    assert abs(drawn[2]["across"][5]) < 0.2
    cut = fit(window(offset=5.0), ERRORS._replace(beam_cut=1.0))
    assert cut[0].curvature == pytest.approx(1 / RADIUS, rel=1e-7)


def test_the_covariance_across_is_that_of_the_hits_errors() -> None:
    """Each hit is moved across the track by its error: the squares of what that does add up."""
    _, covariance, _ = fit(window())
    last, ahead = window()[0], ARCS[0] / RADIUS
    place2, curvature2 = 0.0, 0.0
    for k, psi in enumerate(ARCS / RADIUS):
        hits = window()
        hits["x"][k] -= ERRORS.across * np.sin(psi)
        hits["y"][k] += ERRORS.across * np.cos(psi)
        moved, _, _ = fit(hits)
        place2 += ((moved.y - last["y"]) * np.cos(ahead) - (moved.x - last["x"]) * np.sin(ahead)) ** 2
        curvature2 += (moved.curvature - 1 / RADIUS) ** 2
    assert covariance.aa * covariance.chord**2 == pytest.approx(place2, rel=0.02)
    # y = a + b x + c (x^2 + y^2) turns by 2 c where it is flat; the chord is the unit of lengths
    assert 4 * covariance.cc / covariance.chord**2 == pytest.approx(curvature2, rel=0.05)


def test_the_covariance_in_z_is_that_of_the_hits_errors() -> None:
    _, covariance, _ = fit(window())
    error = np.hypot(trackml().surfaces[LAYER]["coarse_along"], ERRORS.across)
    place2, slope2 = 0.0, 0.0
    for k in range(5):
        hits = window()
        hits["z"][k] += error
        moved, _, _ = fit(hits)
        place2 += (moved.z - window()[0]["z"]) ** 2
        slope2 += (moved.slope - SLOPE) ** 2
    assert covariance.zz == pytest.approx(place2, rel=1e-3)
    assert covariance.ss == pytest.approx(slope2, rel=1e-3)


def test_soft_tracks_are_known_less_well() -> None:
    _, stiff, _ = fit(window())
    _, soft, _ = fit(window(), ERRORS._replace(bending=trackml().solenoid.bending))
    assert soft.cc > stiff.cc
    assert soft.ss > stiff.ss


def test_hits_at_one_place_make_no_helix() -> None:
    hits = window()
    hits[:] = hits[2]
    helix, covariance = new_record(HELIX), new_record(HELIX_COVARIANCE)
    residuals = np.zeros(N_FITTED, dtype=FIT_RESIDUAL)
    assert not fit_helix(hits, trackml().surfaces, ERRORS, helix, covariance, residuals)
