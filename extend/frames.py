"""The canonical frame of a window by the detector's symmetries: rotation, mirror in z, and charge.

In it the window's last hit is at phi = 0, the track travels towards +z and bends towards +phi, so that one
network serves all tracks and never meets phi's wrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clew.arrays import Float32Array

__all__ = ["Frame", "wrap"]

_TWO_PI = np.float32(2 * np.pi)


def wrap(phi: Float32Array) -> Float32Array:
    """Return the equal angle in (-pi, pi]; values already there are not changed at all."""
    turned = phi - _TWO_PI * np.round(phi / _TWO_PI)
    turned = np.where(turned <= -np.pi, turned + _TWO_PI, turned)
    return np.where((phi > -np.pi) & (phi <= np.pi), phi, turned)


@dataclass(frozen=True)
class Frame:
    """The canonical frames of n windows.

    Attributes
    ----------
    phi : ndarray of shape (n_windows,), float32, rad
        Azimuth that becomes 0.
    turn, side : ndarray of shape (n_windows,), float32
        +1 or -1: the sense in which phi is counted, and the direction of the new z axis.
    """

    phi: Float32Array
    turn: Float32Array
    side: Float32Array

    @classmethod
    def of(cls, phi: Float32Array, curvature: Float32Array, slope: Float32Array) -> Frame:
        """Make the frames in which tracks of these signed curvatures and slopes dz/ds have positive ones."""
        return cls(phi, np.copysign(np.float32(1), curvature), np.copysign(np.float32(1), slope))

    def enter(self, points: Float32Array) -> Float32Array:
        """Bring points (phi, r, z, z/r) of shape (n_windows, n_steps, 4) into the frames."""
        phi = self.turn[:, None] * wrap(points[..., 0] - self.phi[:, None])
        return self._mirrored(phi, points)

    def leave(self, points: Float32Array) -> Float32Array:
        """Bring points from the frames back into the detector; the inverse of `enter`."""
        phi = wrap(self.phi[:, None] + self.turn[:, None] * points[..., 0])
        return self._mirrored(phi, points)

    def _mirrored(self, phi: Float32Array, points: Float32Array) -> Float32Array:
        side = self.side[:, None]
        return np.stack([phi, points[..., 1], side * points[..., 2], side * points[..., 3]], axis=2)
