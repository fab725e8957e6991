"""How good fitted tracks are: residuals and pulls of their parameters against those of the particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int64Array
from clew.detector import Solenoid
from clew.event import Particles
from clew.trackfit import Tracks

__all__ = ["FitResiduals", "fit_residuals", "fit_table", "resolution", "true_parameters"]

_CORE: Final = (0.1587, 0.8413)
_FAR: Final = 5.0
_PARTS: Final = ("residual", "pull", "qop", "pt", "eta", "charge", "probability")
_NAMES: Final = ("d0", "z0", "phi", "theta", "q/p")
_UNITS: Final = (1e3, 1e3, 1e3, 1e3, 1e2)
"""Of resolutions in the table: µm, µm, mrad, mrad, per cent."""


def true_parameters(particles: Particles, rows: Int64Array, solenoid: Solenoid) -> Float64Array:
    """Return d0, z0 [mm], phi, theta [rad], q/p [1/GeV] of particles at the perigee, shape (n, 5).

    The helix is that in the field at the particle's vertex.
    """
    px, py, pz = particles.momentum[rows].astype(np.float64).T
    x, y, z = particles.vertex[rows].astype(np.float64).T
    charge = particles.charge[rows]
    pt, phi = np.hypot(px, py), np.arctan2(py, px)
    rho = np.hypot(x - solenoid.centre[0], y - solenoid.centre[1])
    curvature = -charge * solenoid.axial(rho, z - solenoid.centre[2]) / pt
    curvature = np.where(curvature == 0.0, 1e-12, curvature)
    centre = x - np.sin(phi) / curvature, y + np.cos(phi) / curvature
    away, side = np.hypot(*centre), np.sign(curvature)
    # the normal at the perigee points to the centre, or away from it
    left_x, left_y = side * centre[0] / away, side * centre[1] / away
    phi0 = np.arctan2(-left_x, left_y)
    turned = np.mod(phi0 - phi + np.pi, 2 * np.pi) - np.pi
    d0 = side * away - 1.0 / curvature
    z0 = z + turned / curvature * pz / pt
    return np.stack([d0, z0, phi0, np.arctan2(pt, pz), charge / np.hypot(pt, pz)], axis=1)


@dataclass(frozen=True)
class FitResiduals:
    """Fitted tracks against their particles; arrays by track.

    Attributes
    ----------
    residual, pull : ndarray of shape (n, 5), float64
        Fitted minus true parameter, and the same over its error.
    qop : ndarray of shape (n,), float64, 1/GeV
        True.
    pt, eta : ndarray of shape (n,), float64
        True, GeV.
    charge : ndarray of shape (n,), bool
        Whether it is right.
    probability : ndarray of shape (n,), float64
        Of chi2: that a good track has a larger one.
    lost : int
        Tracks that were not fitted and are left out of all the rest.
    """

    residual: Float64Array
    pull: Float64Array
    qop: Float64Array
    pt: Float64Array
    eta: Float64Array
    charge: BoolArray
    probability: Float64Array
    lost: int = 0

    def __len__(self) -> int:
        return len(self.pt)

    def select(self, chosen: BoolArray) -> FitResiduals:
        """Return some of the tracks."""
        parts = {name: getattr(self, name)[chosen] for name in _PARTS}
        return replace(self, **parts)

    @classmethod
    def concatenate(cls, parts: Sequence[FitResiduals]) -> FitResiduals:
        """Put the tracks of several events one after the other."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _PARTS}
        return replace(parts[0], **columns, lost=sum(part.lost for part in parts))


def fit_residuals(tracks: Tracks, particles: Particles, row: Int64Array) -> FitResiduals:
    """Compare fitted tracks with particles.

    Parameters
    ----------
    tracks : Tracks
    particles : Particles
    row : ndarray of shape (n_tracks,), int64
        Of each track's particle.
    """
    from scipy.stats import chi2

    good = tracks.good
    own, expected = row[good], true_parameters(particles, row[good], tracks.solenoid)
    off = tracks.parameters[good] - expected
    off[:, 2] = np.mod(off[:, 2] + np.pi, 2 * np.pi) - np.pi
    error = np.sqrt(np.einsum("nii->ni", tracks.covariance[good]))
    momentum = particles.momentum[own].astype(np.float64)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    return FitResiduals(
        off,
        off / error,
        expected[:, 4],
        pt,
        np.arcsinh(momentum[:, 2] / pt),
        tracks.charge[good] == particles.charge[own],
        chi2.sf(tracks.chi2[good], np.maximum(tracks.ndf[good], 1)),
        int(np.count_nonzero(~good)),
    )


def fit_table(groups: dict[str, FitResiduals]) -> str:
    """Return aligned text: of each group its pulls' means and widths, resolutions, charge and chi2.

    A pull's mean and width are those within 5; a resolution is half of the range that holds 68%.
    """
    pulls = "".join(f"{name:>16}" for name in _NAMES)
    sizes = "".join(
        f"{f'{n} [{u}]':>14}" for n, u in zip(_NAMES, ("µm", "µm", "mrad", "mrad", "%"), strict=True)
    )
    lines = [f"{'':<18}{'tracks':>8}{pulls}{'charge':>9}{'P(chi2)':>9}"]
    for name, group in groups.items():
        near = np.where(np.abs(group.pull) < _FAR, group.pull, np.nan)
        shapes = zip(np.nanmean(near, axis=0), np.nanstd(near, axis=0), strict=True) if len(group) else ()
        cells = "".join(f"{mean:+9.3f} {width:6.3f}" for mean, width in shapes)
        lines.append(
            f"{name:<18}{len(group):8d}{cells}{_mean(group.charge):9.4f}{_mean(group.probability):9.3f}"
        )
    lines += ["", f"{'resolution':<18}{'tracks':>8}{sizes}"]
    for name, group in groups.items():
        cells = "".join(f"{size * unit:14.3f}" for size, unit in zip(resolution(group), _UNITS, strict=True))
        lines.append(f"{name:<18}{len(group):8d}{cells}")
    return "\n".join(lines)


def _mean(values: BoolArray | Float64Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def resolution(group: FitResiduals) -> Float64Array:
    """Return half of the range that holds 68% of each residual, of q/p over the true one; shape (5,)."""
    if not len(group):
        return np.full(5, np.nan)
    off = group.residual.copy()
    off[:, 4] /= np.abs(group.qop)
    low, high = np.quantile(off, _CORE, axis=0)
    return 0.5 * (high - low)
