"""Extenders follow the detector's symmetries: images of hits give images of predictions."""

from __future__ import annotations

import numpy as np
import pytest

from clew.event import Event, Hits
from clew.extend.frames import wrap
from clew.extend.windows.extender import NetworkConfig, NetworkExtender
from clew.extend.windows.helix import HelixConfig, HelixExtender
from clew.stages import Extender

SYMMETRIC = HelixConfig(field_offset=0.0)
EXTENDERS = (
    HelixExtender(SYMMETRIC),
    NetworkExtender(NetworkConfig(helix=SYMMETRIC)),
    NetworkExtender(NetworkConfig(weights="bilstm-32", helix=SYMMETRIC)),
)


def images(hits: Hits, cos: float, sin: float, mirror_y: float = 1.0, mirror_z: float = 1.0) -> Hits:
    """Return the hits mirrored, then rotated."""
    x, y = hits.x.astype(np.float64), mirror_y * hits.y.astype(np.float64)
    volume, layer = hits.volume, hits.layer
    if mirror_z < 0:
        # endcap volume 7 is the mirror of 9, 12 of 14, 16 of 18; layers count from -z to +z
        barrel = np.isin(volume, (8, 13, 17))
        last = np.where(np.isin(volume, (7, 9)), 16, 14)
        middle = np.where(np.isin(volume, (7, 9)), 8, np.where(np.isin(volume, (12, 14)), 13, 17))
        volume = np.where(barrel, volume, 2 * middle - volume).astype(np.int32)
        layer = np.where(barrel, layer, last - layer).astype(np.int32)
    moved = ((x * cos - y * sin), (x * sin + y * cos), mirror_z * hits.z.astype(np.float64))
    return Hits(hits.hit_id, *(a.astype(np.float32) for a in moved), volume, layer, hits.module)


@pytest.mark.parametrize("extender", EXTENDERS)
@pytest.mark.parametrize("angle", [0.3, np.pi, -1.0])
def test_rotated_hits_give_rotated_predictions(
    toy: Event, toy_windows: np.ndarray, extender: Extender, angle: float
) -> None:
    plain = extender.extend(toy.hits, toy_windows)
    turned = extender.extend(images(toy.hits, np.cos(angle), np.sin(angle)), toy_windows)
    expect_equal(plain.points, turned.points, np.float32(angle), 1, 1)


@pytest.mark.parametrize("extender", EXTENDERS)
def test_mirrored_hits_give_mirrored_predictions(
    toy: Event, toy_windows: np.ndarray, extender: Extender
) -> None:
    plain = extender.extend(toy.hits, toy_windows)
    charge = extender.extend(images(toy.hits, 1, 0, mirror_y=-1), toy_windows)
    expect_equal(plain.points, charge.points, np.float32(0), -1, 1)
    side = extender.extend(images(toy.hits, 1, 0, mirror_z=-1), toy_windows)
    expect_equal(plain.points, side.points, np.float32(0), 1, -1)


def expect_equal(plain: np.ndarray, image: np.ndarray, angle: np.float32, turn: int, side: int) -> None:
    """Compare all but the few crossings that rounding moves over the edge of a layer."""
    same = np.isnan(plain[..., 1]) == np.isnan(image[..., 1])
    same &= ~(np.abs(plain[..., 1] - image[..., 1]) > 1) & ~(np.abs(side * plain[..., 2] - image[..., 2]) > 1)
    assert same.mean() > 0.995
    assert np.nanmax(np.abs(wrap(turn * plain[same][:, 0] + angle - image[same][:, 0]))) < 1e-3
    np.testing.assert_allclose(image[same][:, 1], plain[same][:, 1], atol=0.2)
    np.testing.assert_allclose(image[same][:, 2:], side * plain[same][:, 2:], atol=0.2)
