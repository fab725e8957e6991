"""The study of the fits: true tracks fitted, and vertices of them found, against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from clew.arrays import BoolArray
from clew.compilation import working_time
from clew.event import Event
from clew.io import EventSource, read_event
from clew.lookup import find_rows
from clew.metrics.fits import FitResiduals, fit_residuals, fit_table
from clew.metrics.vertices import vertex_quality
from clew.plots.fits import draw_fit_pulls, draw_resolutions
from clew.trackfit import Tracks, fit_tracks
from clew.tracksets import Tracks as TrueTracks
from clew.tracksets import tracks_of
from clew.vertexing import find_vertices

__all__ = ["run"]

_PROMPT: Final = 2.0  # mm from the beam line
_LEAST_LAYERS: Final = 5
_PT: Final = (0.5, 1.0, 2.0, 5.0, 20.0, 200.0)
_ETA: Final = (0.0, 1.0, 2.0, 3.0)


def run(sources: Sequence[EventSource], folder: Path) -> str:
    """Fit the true tracks of all events, measure and draw; see `clew.studies.Study`."""
    parts, lines = [], []
    for source in tqdm(sources, desc="fit", unit="event", disable=None, leave=False):
        residuals, line = _measure(read_event(source))
        parts.append(residuals)
        lines.append(line)
    fits = FitResiduals.concatenate(parts)
    draw_fit_pulls(fits, folder / "fit-pulls.png")
    draw_resolutions(fits, folder / "fit-resolutions.png")
    head = "prompt tracks on 5 layers or more, from 0.5 GeV; pulls: mean and width within 5"
    report = [head, f"not fitted: {fits.lost}", "", fit_table(_groups(fits)), "", *lines]
    return "\n".join(report) + "\n"


def _measure(event: Event) -> tuple[FitResiduals, str]:
    """Return the residuals of an event's prompt tracks, and a line on times and vertices."""
    true = tracks_of(event)
    labels = np.zeros(len(event.hits), dtype=np.int32)
    labels[find_rows(event.hits.hit_id, true.hits.hit_id)] = true.owners + 1
    fit_tracks(event.hits, labels)  # what is computed once for an event's detector is not counted
    times = [working_time()]
    tracks = fit_tracks(event.hits, labels)
    times.append(working_time())
    vertices = find_vertices(tracks)
    times.append(working_time())
    assert event.particles is not None
    row = find_rows(event.particles.particle_id, true.particle_id)[tracks.label - 1]
    found = vertex_quality(vertices, tracks, event.particles, row)
    line = (
        f"event {event.event_id}: {len(tracks)} tracks in {times[1] - times[0]:.3f} s, "
        f"{len(vertices)} vertices in {times[2] - times[1]:.3f} s; {found.line()}"
    )
    chosen = _chosen(tracks, true)
    good = tracks.select(np.flatnonzero(chosen))
    return fit_residuals(good, event.particles, row[chosen]), line


def _chosen(tracks: Tracks, true: TrueTracks) -> BoolArray:
    own = tracks.label - 1
    pt, vertex = true.pt[own], true.vertex[own]
    chosen: BoolArray = (pt > _PT[0]) & (np.hypot(vertex[:, 0], vertex[:, 1]) < _PROMPT)
    return chosen & (tracks.n_layers >= _LEAST_LAYERS)


def _groups(fits: FitResiduals) -> dict[str, FitResiduals]:
    groups = {"all": fits}
    for low, high in pairwise(_PT):
        groups[f"pT {low:g}-{high:g} GeV"] = fits.select((fits.pt >= low) & (fits.pt < high))
    size = np.abs(fits.eta)
    for low, high in pairwise(_ETA):
        groups[f"|eta| {low:g}-{high:g}"] = fits.select((size >= low) & (size < high))
    return {name: group for name, group in groups.items() if len(group)}
