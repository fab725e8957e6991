"""Under the right hypothesis all hits of a helix have the same features."""

import numpy as np
import pytest

from clew.seeding.unrolled.unrolling import Places, Weights, unroll

PLAIN = Weights(np.float32(1.0), np.float32(1.0))


def helix(radius: float, sense: int, phi: float, cot: float, z0: float, r: np.ndarray) -> Places:
    """Return the places of an ideal helix from (0, 0, z0)."""
    turned = np.arcsin(r / (2 * radius))
    azimuth = phi - sense * turned
    z = z0 + cot * 2 * radius * turned
    return Places(*(part.astype(np.float32) for part in (r, z, np.sin(azimuth), np.cos(azimuth))))


R = np.array([32.0, 72.0, 116.0, 260.0, 500.0])


@pytest.mark.parametrize("sense", [-1, 1])
@pytest.mark.parametrize(("phi", "cot", "z0"), [(0.3, 0.5, 0.0), (-3.1, -4.0, 7.0), (2.0, 0.0, -3.0)])
def test_hits_of_a_helix_share_direction_and_slope(sense, phi, cot, z0):
    points = unroll(helix(600.0, sense, phi, cot, z0, R), 600.0, sense, -z0, PLAIN)
    np.testing.assert_allclose(points[:, 0], np.sin(phi), atol=2e-6)
    np.testing.assert_allclose(points[:, 1], np.cos(phi), atol=2e-6)
    np.testing.assert_allclose(points[:, 2], np.sign(cot) * np.log1p(abs(cot)), atol=2e-6)


def test_other_hypotheses_spread_the_hits():
    places = helix(600.0, 1, 0.3, 0.5, 5.0, R)
    for radius, sense, shift in ((600.0, -1, -5.0), (400.0, 1, -5.0), (600.0, 1, 5.0)):
        points = unroll(places, radius, sense, shift, PLAIN)
        assert np.ptp(points[:, :3], axis=0).max() > 0.05


def test_features_worked_out_by_hand():
    # r = r0 = 100 at phi = 0: the helix has turned by asin(1/2) = 30 degrees, over an arc of 200 * pi / 6
    place = Places(*(np.float32([value]) for value in (100.0, 100 * np.pi / 3, 0.0, 1.0)))
    expected = [0.5, np.sqrt(0.75), np.log(2), 50.0, 100 * np.sqrt(0.75)]
    np.testing.assert_allclose(unroll(place, 100.0, 1, 0.0, PLAIN)[0], expected, rtol=1e-6)
    expected[0], expected[3] = -0.5, -50.0
    np.testing.assert_allclose(unroll(place, 100.0, -1, 0.0, PLAIN)[0], expected, rtol=1e-6)


def test_weights_scale_all_but_the_direction():
    places = helix(600.0, 1, 0.3, 0.5, 0.0, R)
    plain = unroll(places, 600.0, 1, 0.0, PLAIN)
    weighted = unroll(places, 600.0, 1, 0.0, Weights(np.float32(0.3), np.float32(0.01)))
    np.testing.assert_allclose(weighted, plain * [1, 1, 0.3, 0.01, 0.01], rtol=1e-6)


def test_hits_out_of_reach_count_as_at_the_far_end():
    points = unroll(helix(600.0, 1, 0.3, 0.5, 0.0, np.array([1000.0])), 270.0, 1, 0.0, PLAIN)
    assert np.isfinite(points).all()
