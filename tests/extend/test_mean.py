"""The mean of predictions, with phi as an angle and gaps left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.errors import InputError
from clew.extend.windows.mean import mean_predictions
from clew.tracks import Predictions


def predictions(*rows, sigma=None):
    points = np.array([rows], dtype=np.float32)
    return Predictions(points, None if sigma is None else np.full_like(points, sigma))


def random_predictions(rng, n):
    points = rng.normal(0, 1, (n, 6, 5, 4)).astype(np.float32) * np.float32([1, 300, 500, 3])
    points[rng.random((n, 6, 5)) < 0.2] = np.nan
    return [Predictions(p, np.abs(p)) for p in points]


def test_mean_by_hand_across_the_seam_of_phi():
    mean = mean_predictions([predictions((3.1, 100, 20, 0.2)), predictions((-3.1, 104, 30, 0.4))])
    assert abs(abs(mean.points[0, 0, 0]) - np.pi) < 1e-6
    np.testing.assert_allclose(mean.points[0, 0, 1:], [102, 25, 0.3], rtol=1e-6)
    assert mean.sigmas is None


def test_what_one_model_leaves_out_is_the_others():
    nothing = (np.nan,) * 4
    mean = mean_predictions([predictions((1, 2, 3, 4), nothing), predictions(nothing, nothing)])
    np.testing.assert_allclose(mean.points[0], [(1, 2, 3, 4), nothing], rtol=1e-6)


def test_sigmas_are_averaged_over_the_models_that_give_them():
    row = (1.0, 2.0, 3.0, 4.0)
    given_by = [predictions(row, sigma=2.0), predictions(row), predictions(row, sigma=4.0)]
    sigmas = mean_predictions(given_by).sigmas
    assert sigmas is not None
    np.testing.assert_allclose(sigmas, 3.0)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_mean_of_equals_is_themselves_and_order_does_not_matter(seed, n):
    rng = np.random.default_rng(seed)
    several = random_predictions(rng, n)
    same = mean_predictions([several[0]] * n)
    wrapped = np.angle(np.exp(1j * several[0].points[..., 0]))
    if n > 1:
        np.testing.assert_allclose(same.points[..., 0], wrapped, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(same.points[..., 1:], several[0].points[..., 1:], rtol=1e-5)
    forth, back = mean_predictions(several), mean_predictions(several[::-1])
    np.testing.assert_allclose(forth.points[..., 1:], back.points[..., 1:], rtol=1e-4, atol=1e-3)


@given(seed=st.integers(0, 10**6), angle=st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_turning_all_models_turns_their_mean(seed, angle):
    rng = np.random.default_rng(seed)
    base = rng.uniform(-np.pi, np.pi, (5, 5))
    phis = [base + rng.uniform(-0.5, 0.5, (5, 5)) for _ in range(3)]

    def mean(turned):
        rows = [Predictions(np.stack([phi + turned, phi, phi, phi], 2).astype(np.float32)) for phi in phis]
        return mean_predictions(rows).points[..., 0]

    turned = np.angle(np.exp(1j * (mean(0.0) + angle - mean(angle))))
    np.testing.assert_allclose(turned, 0, atol=1e-5)


def test_nothing_or_unequal_shapes_are_refused():
    with pytest.raises(InputError, match="no predictions"):
        mean_predictions([])
    with pytest.raises(InputError, match="shapes"):
        mean_predictions([predictions((1, 2, 3, 4)), predictions((1, 2, 3, 4), (1, 2, 3, 4))])
