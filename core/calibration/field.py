"""The field of a detector: as given, from a map, or from how true momenta turn along their tracks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from clew.arrays import Float64Array, Int64Array
from clew.calibration.samples import StepSample
from clew.detector import Solenoid
from clew.detector.solenoid import PT_PER_FIELD
from clew.errors import ConfigError, InputError

__all__ = ["LearnedField", "field_from_map", "field_from_steps", "given_field", "tilts", "weak_field"]

_TESLA: Final = re.compile(r"([+-]?\d+(?:\.\d*)?|\.\d+)\s*T?", re.IGNORECASE)
_STRONGEST: Final = 15.0
"""T; no detector has more: lengths or momenta are in other units."""

_WEAKEST: Final = 0.01
"""T; below it tracks are straight."""

_STRAIGHT: Final = 2e-5
"""1/mm; with a curvature below it scattering does not grow less, see `clew.detector.material`."""

_STEPS: Final = 8000
"""Steps that the field is fitted to."""

_PARTS: Final = 16
"""Ranges of abs(z) that they are taken from alike."""

_MEDIAN_DEVIATION: Final = 0.6745
"""Median of the absolute values of a normal distribution of width 1."""

_INSIDE: Final = 0.9
"""Share of the coil's radius up to which its field is taken: at the coil it diverges."""

_NEAR_MOST: Final = 0.8
"""Quantile of the fields seen that is taken for the strength at first."""

_CLEARLY: Final = 50.0
"""By how much chi2 is to be better with a coil of finite length."""

_MOST_MOMENTUM_ERROR: Final = 0.3
"""Share by which the field that momenta show may be off a given one."""


@dataclass(frozen=True)
class LearnedField:
    """A field and how it is known.

    Attributes
    ----------
    solenoid : Solenoid
    error : float, T
        Of the strength; NaN where it was given.
    origin : str
        For the report.
    """

    solenoid: Solenoid
    error: float
    origin: str


def given_field(text: str) -> Solenoid:
    """Return the field that --field names: so many T everywhere, or the solenoid of a map.

    >>> given_field("2T").strength
    2.0
    """
    found = _TESLA.fullmatch(text.strip())
    if not found:
        return field_from_map(Path(text))
    strength = abs(float(found[1]))
    if strength > _STRONGEST:
        raise ConfigError(f"--field is {text}: give Tesla, such as 2T, or the file of a map")
    return Solenoid.uniform(strength)


def field_from_map(path: Path) -> Solenoid:
    """Fit a solenoid to a map: rows x y z Bx By Bz, mm and T, as text; lines that begin with # are left out.

    Raises InputError for what is no such file.
    """
    try:
        rows = np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None, ndmin=2)
    except (OSError, ValueError) as error:
        raise InputError(f"--field {path}: is neither so many T nor a readable map: {error}") from error
    if rows.shape[1] != 6 or len(rows) < 2 or not np.isfinite(rows).all():
        raise InputError(f"--field {path}: a map has rows of six numbers, x y z Bx By Bz, in mm and T")
    if np.abs(rows[:, 5]).max() > _STRONGEST:
        raise InputError(f"--field {path}: Bz is up to {np.abs(rows[:, 5]).max():.3g} T: are these Tesla?")
    rows = rows[_some(len(rows), _STEPS)]
    bz = np.sign(np.median(rows[:, 5])) * rows[:, 5]
    return _fitted(rows[:, :3], np.zeros((len(rows), 2)), bz, np.full(len(rows), 0.01))[0]


def field_from_steps(steps: StepSample, given: Solenoid | None) -> LearnedField:
    """Return the given field, held against what true momenta show, or else the one that these show.

    Raises
    ------
    InputError
        Where momenta show another field than the given one, or none that a detector has.
    """
    seen = float(np.median(steps.field)) if len(steps.field) else np.nan
    hint = "are lengths in mm and momenta in GeV?"
    if given is not None:
        off = abs(abs(seen) - given.strength)
        if np.isfinite(seen) and off > max(_MOST_MOMENTUM_ERROR * given.strength, _WEAKEST):
            raise InputError(
                f"the given field is {given.strength:.3g} T, true momenta show {abs(seen):.3g} T: {hint}"
            )
        return LearnedField(given, np.nan, "given")
    if not np.isfinite(seen):
        raise InputError(
            "no charged true track crosses two layers, so that the field is not known: give --field"
        )
    if abs(seen) > _STRONGEST:
        raise InputError(f"true momenta show a field of {abs(seen):.3g} T: {hint}")
    rows, errors = _spread(steps)
    lean = steps.slope[:, None] * steps.heading
    if abs(seen) < _WEAKEST:
        error = float(1.0 / np.sqrt((1.0 / errors**2).sum()))
        return LearnedField(Solenoid.uniform(abs(seen)), error, "from true momenta: none")
    solenoid, error = _fitted(steps.middle[rows], lean[rows], np.sign(seen) * steps.field[rows], errors)
    shape = "the same everywhere" if solenoid.half_length > 1e8 else "a solenoid's"
    return LearnedField(solenoid, error, f"from true momenta, {shape}")


def weak_field(momenta: Float64Array) -> Solenoid:
    """Return the field that stands for none: so weak that tracks are straight.

    Momenta are not measured then; scattering is reckoned as that of the median transverse momentum [GeV].
    """
    return Solenoid.uniform(_STRAIGHT * float(np.median(momenta)) / PT_PER_FIELD)


def _spread(steps: StepSample) -> tuple[Int64Array, Float64Array]:
    """Return rows of steps, evenly spread along z, and the error of the field that each shows [T].

    What turns a track besides the field are kinks, which count as much on a short way as on a long one.
    """
    size = np.hypot(1.0, steps.slope) * steps.arc
    level = float(np.median(np.abs(steps.field - np.median(steps.field)) * size)) / _MEDIAN_DEVIATION
    edges = np.quantile(np.abs(steps.middle[:, 2]), [0.0, 0.999])
    part = np.digitize(np.abs(steps.middle[:, 2]), np.linspace(edges[0], edges[1], _PARTS + 1)[1:-1])
    chosen = [np.flatnonzero(part == one) for one in range(_PARTS)]
    rows = np.concatenate([few[_some(len(few), _STEPS // _PARTS)] for few in chosen])
    return rows, np.maximum(level / size[rows], 1e-4)


def _fitted(
    points: Float64Array, lean: Float64Array, values: Float64Array, errors: Float64Array
) -> tuple[Solenoid, float]:
    """Return the solenoid whose field turns tracks at points as is seen, and the error of its strength.

    `lean` is the slope times the heading of each track, shape (n, 2): the radial field turns it by that much.
    A uniform field is kept unless a coil of finite length is clearly better.
    """
    weight = 1.0 / errors**2
    mean = _middle(values, weight)
    even = _badness((values - mean) / errors)
    reach = float(np.abs(points[:, 2]).max()) + float(np.hypot(points[:, 0], points[:, 1]).max()) + 1.0
    scale = np.array(
        [float(np.quantile(values, _NEAR_MOST)), reach, reach, 0.1 * reach, 0.1 * reach, 0.1 * reach]
    )
    start = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    low, high = np.array([0.2, 0.2, 0.2, -5.0, -5.0, -5.0]), np.array([5.0, 20.0, 20.0, 5.0, 5.0, 5.0])
    found = least_squares(
        lambda x: (_turning(_coil(x * scale), points, lean) - values) / errors,
        start,
        bounds=(low, high),
        loss="soft_l1",
    )
    coil = _coil(np.round(found.x * scale, 4))
    if even - _badness((_turning(coil, points, lean) - values) / errors) < _CLEARLY:
        return Solenoid.uniform(mean), float(1.0 / np.sqrt(weight.sum()))
    covariance = np.linalg.pinv(found.jac.T @ found.jac)
    return coil, float(np.sqrt(covariance[0, 0]) * scale[0])


def _middle(values: Float64Array, weight: Float64Array) -> float:
    """Return the weighted median."""
    order = np.argsort(values)
    share = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(share, 0.5 * share[-1])]])


def _badness(pulls: Float64Array) -> float:
    """Return chi2 in which strays count little."""
    return float((2.0 * (np.sqrt(1.0 + pulls**2) - 1.0)).sum())


def _some(n: int, most: int) -> Int64Array:
    rows: Int64Array = np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))
    return rows


def _coil(values: Float64Array) -> Solenoid:
    strength, radius, half_length, x, y, z = map(float, values)
    return Solenoid(strength, radius, half_length, (x, y, z))


def _turning(solenoid: Solenoid, points: Float64Array, lean: Float64Array) -> Float64Array:
    """Return the axial field less what the radial one turns tracks back by; see `bending_and_tilt`."""
    return _turned(*_components(solenoid, points), lean)


def _turned(radial: Float64Array, axial: Float64Array, lean: Float64Array) -> Float64Array:
    turning: Float64Array = axial - (lean * radial).sum(axis=1)
    return turning


def _components(solenoid: Solenoid, points: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return the field in x and y, shape (n, 2), and along z [T]."""
    away = points - np.array(solenoid.centre)
    rho = np.hypot(away[:, 0], away[:, 1])
    radial, axial = solenoid.field(np.minimum(rho, _INSIDE * solenoid.radius), away[:, 2], nodes=64)
    return away[:, :2] * (radial / np.maximum(rho, 1e-9))[:, None], axial


def tilts(solenoid: Solenoid, steps: StepSample) -> Float64Array:
    """Return by how much the radial field changes the angle to the transverse plane along steps [rad]."""
    radial, axial = _components(solenoid, steps.middle)
    turning = _turned(radial, axial, steps.slope[:, None] * steps.heading)
    across = radial[:, 1] * steps.heading[:, 0] - radial[:, 0] * steps.heading[:, 1]
    tilt: Float64Array = -across / np.where(turning == 0.0, np.inf, turning) * steps.turn
    return tilt
