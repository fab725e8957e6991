"""The picture of one event: found and missed tracks, across the beam and along it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from clew.arrays import BoolArray, Float32Array, Int32Array, Int64Array
from clew.event import Event, Hits, Particles, Truth
from clew.metrics.matching import match
from clew.metrics.tracks import MIN_HITS
from clew.plots.figure import FAINT, FOUND, MISSED, NEUTRAL, new_figure, save
from clew.tracks import Candidates

__all__ = ["EventPictures", "draw_event"]


@dataclass(frozen=True)
class _Scene:
    """What to draw: tracks, missed particles, hits of the fainter kind, title and legend."""

    found: Candidates
    missed: Candidates
    faint: BoolArray
    title: str
    names: tuple[str, str, str, str] = (
        "found track",
        "missed particle",
        "hit of a particle",
        "noise",
    )


@dataclass(frozen=True)
class EventPictures:
    """Draws events into a folder, each as eventNNNNNNNNN.png; see `draw_event`."""

    folder: Path

    def __call__(self, event: Event, labels: Int32Array) -> Path:
        """Draw one event; return the picture's path."""
        return draw_event(event, labels, self.folder / f"event{event.event_id:09d}.png")


def draw_event(event: Event, labels: Int32Array, path: Path | str, max_tracks: int = 150) -> Path:
    """Draw the tracks of an event in x-y and in r-z, with every hit as a faint point.

    With truth, particles of three or more hits are drawn: as their track where one was found (double
    majority), as a red line through their hits where none was.  Without truth all tracks are drawn alike.

    Parameters
    ----------
    event : Event
    labels : ndarray of shape (n_hits,), int32
        Track of each hit; 0 for none.
    path : path
        The PNG file; replaced.
    max_tracks : int
        Of more tracks or particles than this, evenly spaced ones are drawn.

    Returns
    -------
    Path
        `path`.
    """
    if event.truth is None or event.particles is None:
        scene = reconstructed(event, labels, max_tracks)
    else:
        scene = compared(event, labels, event.truth, event.particles, max_tracks)
    figure = new_figure(14, 6.4)
    across, along = figure.subplots(1, 2, width_ratios=(1, 1.35))
    _panel(across, event.hits.x, event.hits.y, scene)
    across.set(xlabel="x [mm]", ylabel="y [mm]", aspect="equal")
    _panel(along, event.hits.z, event.hits.r, scene)
    along.set(xlabel="z [mm]", ylabel="r [mm]")
    along.set_ylim(bottom=0)
    figure.suptitle(scene.title, fontsize=12)
    figure.legend(handles=_legend(scene), loc="outside lower center", ncols=4, frameon=False)
    return save(figure, path)


def _outwards(hits: Hits) -> Int64Array:
    return np.argsort(hits.x**2 + hits.y**2 + hits.z**2, kind="stable")


def _evenly(n: int, most: int) -> Int64Array:
    """Return at most `most` numbers evenly spaced from 0 to n - 1."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def reconstructed(event: Event, labels: Int32Array, max_tracks: int) -> _Scene:
    tracks = Candidates.from_labels(labels, _outwards(event.hits))
    tracks = tracks.select(tracks.lengths >= MIN_HITS)
    shown = tracks.select(_evenly(len(tracks), max_tracks))
    title = f"event {event.event_id}: {len(tracks):,} tracks with {MIN_HITS} or more hits"
    title += f" ({len(shown):,} drawn)" if len(shown) < len(tracks) else ""
    names = ("track", "", "hit on a track", "hit on no track")
    return _Scene(shown, Candidates.empty(), labels == 0, title, names)


def compared(event: Event, labels: Int32Array, truth: Truth, particles: Particles, max_tracks: int) -> _Scene:
    matching = match(labels, truth, particles)
    order = _outwards(event.hits)
    good = np.flatnonzero(matching.double_majority)
    track_of = np.full(len(matching.particle_size) + 1, -1)
    track_of[matching.leader[good]] = good
    counted = np.flatnonzero(matching.particle_size >= MIN_HITS)
    shown = counted[_evenly(len(counted), max_tracks)]
    found = shown[track_of[shown] >= 0]
    lost = np.isin(matching.particle, shown) & (track_of[matching.particle] < 0)
    missed = np.where(lost, matching.particle + 1, 0).astype(np.int32)
    n_found = np.count_nonzero(track_of[counted] >= 0)
    title = f"event {event.event_id}: {n_found:,} of {len(counted):,} particles found"
    title += f" ({len(shown):,} particles drawn)" if len(shown) < len(counted) else ""
    return _Scene(
        Candidates.from_labels((matching.track + 1).astype(np.int32), order).select(track_of[found]),
        Candidates.from_labels(missed, order),
        matching.particle < 0,
        title,
    )


def _panel(axes: Axes, across: Float32Array, up: Float32Array, scene: _Scene) -> None:
    for kind, colour in ((scene.faint, FAINT), (~scene.faint, NEUTRAL)):
        axes.plot(across[kind], up[kind], ".", color=colour, markersize=1.0, markeredgewidth=0, zorder=1)
    for k in range(len(scene.found)):
        hits, colour = scene.found[k], FOUND[k % len(FOUND)]
        axes.plot(across[hits], up[hits], "o-", color=colour, linewidth=0.8, markersize=1.8, zorder=2)
    for k in range(len(scene.missed)):
        hits = scene.missed[k]
        axes.plot(across[hits], up[hits], "x--", color=MISSED, linewidth=0.9, markersize=3.2, zorder=3)
    axes.spines[["top", "right"]].set_visible(False)


def _legend(scene: _Scene) -> list[Line2D]:
    names = scene.names
    entries = [
        Line2D([], [], color=FOUND[0], marker="o", markersize=3, label=names[0]),
        Line2D([], [], color=MISSED, linestyle="--", marker="x", markersize=4, label=names[1]),
        Line2D([], [], color=NEUTRAL, linestyle="", marker="o", markersize=3, label=names[2]),
        Line2D([], [], color=FAINT, linestyle="", marker="o", markersize=3, label=names[3]),
    ]
    return [entry for entry in entries if entry.get_label()]
