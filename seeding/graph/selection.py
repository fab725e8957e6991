"""Hits that a study takes by the truth, as published settings do; reconstruction never does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np

from clew.arrays import Int64Array
from clew.errors import InputError
from clew.event import Event, Hits
from clew.metrics.matching import particle_rows
from clew.settings import within

__all__ = ["LayerSet", "SelectionConfig", "hits_on", "particle_of_hits", "selected_hits"]

LayerSet: TypeAlias = Literal["barrel", "pixels", "all"]


@dataclass(frozen=True)
class SelectionConfig:
    """Which hits make a graph; the published setting of HEP.TrkX by default.

    Attributes
    ----------
    hits : "published" or "all"
        By truth: hits of particles above `least_pt`, without noise, one a layer and particle; or every hit.
    least_pt : float, GeV
    layers : "barrel", "pixels" or "all"
    """

    hits: Literal["published", "all"] = "published"
    least_pt: Annotated[float, within(0, 100)] = 1.0
    layers: LayerSet = "barrel"


def hits_on(hits: Hits, layers: LayerSet) -> Int64Array:
    """Return the rows of the hits on a set of layers, ascending; the truth is not asked."""
    if layers == "all":
        return np.flatnonzero(hits.layer_index >= 0)
    detector = hits.detector
    chosen = detector.barrel if layers == "barrel" else detector.of_kind("pixel")
    return np.flatnonzero((hits.layer_index >= 0) & chosen[hits.layer_index])


def selected_hits(event: Event, config: SelectionConfig) -> Int64Array:
    """Return the rows of the event's hits that the selection takes, ascending."""
    rows = hits_on(event.hits, config.layers)
    if config.hits == "all":
        return rows
    truth, particles = event.truth, event.particles
    if truth is None or particles is None:
        raise InputError(f"event {event.event_id} has no truth and particles files: add them to select by")
    particle = particle_rows(truth, particles)
    hard = np.append(particles.pt > config.least_pt, False)[particle]
    rows = rows[hard[rows]]
    layer, n_layers = event.hits.layer_index[rows], len(event.hits.detector)
    _, first = np.unique(particle[rows] * n_layers + layer, return_index=True)
    return np.sort(rows[first])


def particle_of_hits(event: Event) -> Int64Array:
    """Return the particle_id of each hit, 0 for noise, shape (n_hits,); raises InputError without truth."""
    if event.truth is None:
        raise InputError(f"event {event.event_id} has no truth file: add it to know which edges are true")
    return event.truth.particle_id
