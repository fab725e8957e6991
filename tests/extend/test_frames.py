"""The canonical frame: exact inverse, and the same for a track and its images under the symmetries."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clew.extend.frames import Frame, wrap

angles = st.floats(-3.140625, 3.140625, width=32)


def points_of(phi: list[float], n_steps: int = 2) -> np.ndarray:
    points = np.zeros((len(phi), n_steps, 4), dtype=np.float32)
    points[..., 0] = np.array(phi, dtype=np.float32)[:, None]
    points[..., 1:] = (300.0, -1200.0, -4.0)
    return points


@given(angles, angles, st.sampled_from((-1.0, 1.0)), st.sampled_from((-1.0, 1.0)))
def test_leave_is_the_inverse_of_enter(phi: float, reference: float, curvature: float, slope: float) -> None:
    frame = Frame.of(*(np.array([v], dtype=np.float32) for v in (reference, curvature, slope)))
    points = points_of([phi])
    back = frame.leave(frame.enter(points))
    gap = wrap(back[..., 0] - points[..., 0])
    assert np.abs(gap).max() < 1e-6
    np.testing.assert_array_equal(back[..., 1:], points[..., 1:])
    assert np.all((back[..., 0] > -np.pi) & (back[..., 0] <= np.float32(np.pi)))


def test_a_track_across_the_seam_of_phi_is_near_zero_in_its_frame() -> None:
    frame = Frame.of(np.float32([3.1]), np.float32([1e-3]), np.float32([1.0]))
    assert np.isclose(frame.enter(points_of([-3.1]))[0, 0, 0], 2 * np.pi - 6.2, atol=1e-6)


def test_charge_and_side_are_mirrored_to_positive() -> None:
    frame = Frame.of(np.float32([0.0]), np.float32([-1e-3]), np.float32([-2.0]))
    np.testing.assert_allclose(frame.enter(points_of([-0.2]))[0, 0], [0.2, 300, 1200, 4], rtol=1e-6)


@given(st.floats(-100, 100, width=32))
def test_wrap_keeps_the_direction(phi: float) -> None:
    wrapped = wrap(np.float32([phi]))[0]
    assert -np.pi < wrapped <= np.float32(np.pi)
    assert np.isclose(np.cos(wrapped), np.cos(np.float32(phi)), atol=2e-5)
    assert np.isclose(np.sin(wrapped), np.sin(np.float32(phi)), atol=2e-5)
