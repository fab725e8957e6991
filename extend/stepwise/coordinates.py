"""What the networks read of four hits, what they are to predict, and what their outputs mean.

"cylindrical" and "cartesian" are SPRACE's: r, phi, z or x, y, z of the four hits, scaled, and the next hit in
the same numbers.  "local" ones are deviations from a helix, see clew.extend.stepwise.local.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.event import Hits
from clew.extend.frames import wrap
from clew.extend.stepwise.deviations import deviations_of
from clew.extend.stepwise.features import N_FEATURES
from clew.extend.stepwise.local import STAGGER, References, refer
from clew.tracks import NO_HIT, Predictions

__all__ = [
    "N_COORDINATES",
    "Coordinates",
    "CoordinatesName",
    "Queries",
    "make_coordinates",
    "next_on_another_layer",
]

N_COORDINATES: Final = 3

CoordinatesName = Literal["cylindrical", "cartesian", "local"]

_LEAST_SPEED: Final = 0.05  # as searches go, see clew.fitting.nearest.road
_LEAST_R: Final = 1.0  # mm that is divided by
_MEAN_DEVIATION: Final = 0.798  # mean absolute over standard deviation of a Gaussian


class Queries(NamedTuple):
    """What a network reads of n windows.

    Attributes
    ----------
    features : ndarray of shape (n, WINDOW, n_features), float64
        Of each hit its three coordinates, not yet scaled, then what else is known.
    valid : ndarray of shape (n,), bool
        Where there can be a prediction.
    references : References or None
        Of local coordinates.
    """

    features: Float64Array
    valid: BoolArray
    references: References | None = None


class Coordinates(Protocol):
    """One choice of coordinates."""

    @property
    def n_features(self) -> int:
        """Features of each hit."""
        ...

    @property
    def are_places(self) -> bool:
        """Whether outputs are in the hits' own coordinates, and so scaled as those are."""
        ...

    @property
    def crossings(self) -> int:
        """Layers ahead that can be predicted on."""
        ...

    def query(self, hits: Hits, windows: Int32Array, skipped: Int32Array) -> Queries:
        """Make the queries of windows of shape (n, WINDOW), rows of `hits` outwards.

        `skipped`, shape (n,), tells how many of the layers ahead are passed over.
        """
        ...

    def targets(
        self, hits: Hits, windows: Int32Array, queries: Queries, following: Int32Array
    ) -> tuple[Float64Array, BoolArray]:
        """Return what the network is to predict, shape (n, 3), float64, and where that is known.

        `following` are the rows of the hits after each window, nearest first, NO_HIT where there are none.
        """
        ...

    def predict(self, queries: Queries, means: Float64Array, sigmas: Float64Array | None) -> Predictions:
        """Turn a network's outputs, shape (n, 3) each, into predictions of one step."""
        ...


@dataclass(frozen=True)
class Plain:
    """The detector's coordinates as they are: x, y, z or r, phi, z, in mm and rad.

    `phi` is taken as it is, so a region must not hold its wrap.
    """

    cylindrical: bool
    n_features: int = N_COORDINATES
    are_places: bool = True
    crossings: int = 1

    def _of(self, hits: Hits, rows: Int32Array) -> Float64Array:
        columns = (hits.r, hits.phi, hits.z) if self.cylindrical else (hits.x, hits.y, hits.z)
        return np.stack([column[rows] for column in columns], axis=-1).astype(np.float64)

    def query(self, hits: Hits, windows: Int32Array, skipped: Int32Array) -> Queries:
        """See `Coordinates`."""
        return Queries(self._of(hits, windows), skipped == 0)

    def targets(
        self, hits: Hits, windows: Int32Array, queries: Queries, following: Int32Array
    ) -> tuple[Float64Array, BoolArray]:
        """See `Coordinates`: the first hit on another layer than the window's last."""
        rows, known = next_on_another_layer(hits, windows, following)
        return self._of(hits, rows), known

    def predict(self, queries: Queries, means: Float64Array, sigmas: Float64Array | None) -> Predictions:
        """See `Coordinates`."""
        if self.cylindrical:
            r, phi, z = means.T
            errors = None if sigmas is None else (sigmas[:, 1], sigmas[:, 0], sigmas[:, 2])
        else:
            x, y, z = means.T
            r, phi = np.hypot(x, y), np.arctan2(y, x)
            errors = None if sigmas is None else _turned(phi, r, sigmas)
        return _predictions(phi, r, z, errors)


@dataclass(frozen=True)
class Local:
    """Along, across and above a helix, and what the helix is like; see clew.extend.stepwise.local."""

    n_features: int = N_FEATURES
    are_places: bool = False
    crossings: int = 2

    def query(self, hits: Hits, windows: Int32Array, skipped: Int32Array) -> Queries:
        """See `Coordinates`."""
        references = refer(hits, windows, skipped)
        return Queries(references.features, references.layer >= 0, references)

    def targets(
        self, hits: Hits, windows: Int32Array, queries: Queries, following: Int32Array
    ) -> tuple[Float64Array, BoolArray]:
        """See `Coordinates`: the first hit on the layer that the helix crosses."""
        assert queries.references is not None
        return deviations_of(queries.references, hits, following)

    def predict(self, queries: Queries, means: Float64Array, sigmas: Float64Array | None) -> Predictions:
        """See `Coordinates`: the deviations are added to the crossing, which moves along its path."""
        assert queries.references is not None
        target, _, barrel, turn, side, _ = queries.references
        sigmas_along = np.where(barrel, target["z_sigma"], target["r_sigma"])
        units = np.stack([target["across_sigma"], sigmas_along, 0 * turn + STAGGER], axis=1)
        across, along, ahead = (means * units).T
        ahead = np.where(barrel, ahead, side * ahead)
        speed = np.where(barrel, target["dr"], target["dz"])
        path = ahead / np.copysign(np.maximum(np.abs(speed), _LEAST_SPEED), speed)
        r = target["r"] + np.where(barrel, ahead, path * target["dr"] + along)
        z = target["z"] + np.where(barrel, path * target["dz"] + side * along, ahead)
        phi = target["phi"] + path * target["dphi"] + turn * across / np.maximum(r, _LEAST_R)
        if sigmas is None:
            return _predictions(phi, r, z, None)
        wide, long, deep = (sigmas * units).T
        errors = wide / np.maximum(r, _LEAST_R), np.where(barrel, deep, long), np.where(barrel, long, deep)
        return _predictions(phi, r, z, errors)


def make_coordinates(name: CoordinatesName) -> Coordinates:
    """Return the coordinates of a name."""
    return Local() if name == "local" else Plain(name == "cylindrical")


def next_on_another_layer(
    hits: Hits, windows: Int32Array, following: Int32Array
) -> tuple[Int32Array, BoolArray]:
    """Return the row of the next hit on another layer than each window's last, and whether there is one."""
    away = hits.layer_index[following] != hits.layer_index[windows[:, -1:]]
    away &= following != NO_HIT
    first = np.argmax(away, axis=1)
    chosen = np.arange(len(windows)), first
    return following[chosen], away[chosen]


def _turned(
    phi: Float64Array, r: Float64Array, sigmas: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return the deviations of phi, r and z that those of x, y and z make."""
    cos, sin = np.cos(phi), np.sin(phi)
    across = np.hypot(sigmas[:, 0] * sin, sigmas[:, 1] * cos)
    return across / np.maximum(r, _LEAST_R), np.hypot(sigmas[:, 0] * cos, sigmas[:, 1] * sin), sigmas[:, 2]


def _predictions(
    phi: Float64Array,
    r: Float64Array,
    z: Float64Array,
    errors: tuple[Float64Array, Float64Array, Float64Array] | None,
) -> Predictions:
    """Return predictions of one step; errors are standard deviations of phi, r and z."""
    r = np.maximum(r, _LEAST_R)
    points = np.stack([wrap(phi.astype(np.float32)), r, z, z / r], axis=1).astype(np.float32)[:, None]
    if errors is None:
        return Predictions(points)
    e_phi, e_r, e_z = errors
    columns = [e_phi, e_r, e_z, np.hypot(e_z, z / r * e_r) / r]
    sigmas = _MEAN_DEVIATION * np.stack(columns, axis=1)
    return Predictions(points, sigmas.astype(np.float32)[:, None])
