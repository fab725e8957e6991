"""A detector put together from what its description, and what true tracks, tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.calibration.classes import ClassErrors, class_of, classify, default_errors, errors_of, layers_of
from clew.calibration.field import LearnedField, weak_field
from clew.calibration.layers import Place
from clew.calibration.lengths import lengths_of, seed_lengths_of
from clew.calibration.material import MOST_OBLIQUITY, RADIATION_LENGTHS, thickness_of_layers
from clew.calibration.samples import HitSample, Samples
from clew.calibration.slopes import slopes_of
from clew.detector import ClusterSlopes, Detector, Modules, Solenoid

__all__ = ["Learned", "described", "learned"]

_SUPPORTED: Final = 1.3
"""Layers that scatter so many times as much as the median are taken to have supports before them."""

_WEAKEST: Final = 0.01
"""T; below it tracks are straight."""

_USUAL_MOMENTUM: Final = 1.0
"""GeV; transverse momentum where there is no field and no truth."""


@dataclass(frozen=True)
class Learned:
    """A detector, and how well what makes it is known.

    Attributes
    ----------
    detector : Detector
    errors : dict of str to ClassErrors
        By class.
    thickness : dict of str to (float, float)
        Median of the radiation lengths of the layers of each class, and their spread; NaN where not known.
    field : LearnedField
    samples : Samples or None
        None without truth.
    """

    detector: Detector
    errors: dict[str, ClassErrors]
    thickness: dict[str, tuple[float, float]]
    field: LearnedField
    samples: Samples | None


def described(name: str, places: Sequence[Place], modules: Modules | None, field: LearnedField) -> Learned:
    """Return a detector of which only the description and the field are known."""
    return _put_together(name, places, modules, field, None)


def learned(
    name: str, places: Sequence[Place], modules: Modules | None, field: LearnedField, samples: Samples
) -> Learned:
    """Return a detector of which true tracks tell the rest."""
    return _put_together(name, places, modules, field, samples)


def _put_together(
    name: str,
    places: Sequence[Place],
    modules: Modules | None,
    field: LearnedField,
    samples: Samples | None,
) -> Learned:
    defaults = default_errors(modules, places)
    hits = None if samples is None else samples.hits
    kinds = classify(places, hits, defaults)
    names = sorted(set(kinds))
    errors = {kind: _errors(kinds, kind, hits, defaults) for kind in names}
    solenoid = _bending(field.solenoid, samples)
    barrel = np.array([place.barrel for place in places])
    thick = np.full(len(places), np.nan)
    if samples is not None:
        thick = thickness_of_layers(samples.steps, solenoid, barrel)
    known = thick[np.isfinite(thick)]
    usual = float(np.median(known)) if len(known) else RADIATION_LENGTHS
    thickness = {kind: _spread(thick[layers_of(kinds, kind)]) for kind in names}
    classes = {
        kind: class_of(
            kind,
            errors,
            _stagger(kinds, kind, hits, places),
            thickness[kind][0] > _SUPPORTED * usual,
            _slopes(kinds, kind, hits),
        )
        for kind in names
    }
    detector = Detector(
        name=name,
        layers=tuple(place.of_class(kind) for place, kind in zip(places, kinds, strict=True)),
        classes=classes,
        solenoid=solenoid,
        lengths=lengths_of(places, samples),
        seed_lengths=seed_lengths_of(places, errors, samples),
        radiation_lengths=round(usual, 5),
        most_obliquity=MOST_OBLIQUITY,
    )
    return Learned(detector, errors, thickness, field, samples)


def _bending(solenoid: Solenoid, samples: Samples | None) -> Solenoid:
    """Return the field, or what stands for none."""
    if solenoid.strength >= _WEAKEST:
        return solenoid
    if samples is None or not len(samples.steps.momentum):
        return weak_field(np.array([_USUAL_MOMENTUM]))
    return weak_field(samples.steps.momentum / np.sqrt(1.0 + samples.steps.slope**2))


def _errors(
    kinds: Sequence[str], kind: str, hits: HitSample | None, defaults: Sequence[tuple[float, float]]
) -> ClassErrors:
    own = layers_of(kinds, kind)
    rows = np.flatnonzero(np.isin(hits.layer, own)) if hits is not None else np.empty(0, np.int64)
    if hits is None or len(rows) < 2:
        across, along = np.median([defaults[layer] for layer in own], axis=0)
        return ClassErrors(float(across), float(along), 0)
    return errors_of(hits.across[rows], hits.along[rows])


def _stagger(kinds: Sequence[str], kind: str, hits: HitSample | None, places: Sequence[Place]) -> float:
    own = layers_of(kinds, kind)
    if hits is None:
        return float(np.mean([0.5 * places[layer].depth for layer in own]))
    off = np.abs(hits.off[np.isin(hits.layer, own)])
    return float(off.mean()) if len(off) else 0.0


def _slopes(kinds: Sequence[str], kind: str, hits: HitSample | None) -> ClusterSlopes | None:
    if hits is None or not kind.startswith("pixel"):
        return None
    rows = np.isin(hits.layer, layers_of(kinds, kind))
    return slopes_of(hits.columns[rows], hits.slope[rows])


def _spread(values: Float64Array) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, middle, high = np.quantile(known, [0.16, 0.5, 0.84])
    return float(middle), float(0.5 * (high - low))
