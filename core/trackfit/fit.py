"""Tracks of an event from the labels of its hits: all of them fitted at once, on all threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector.solenoid import bending_and_tilt
from clew.event import Hits
from clew.hits.axes import orient_modules
from clew.hits.clusters import add_clusters, shapes_of
from clew.hits.index import build_index, entries_of, shift_for
from clew.kernels import kernel, run_blocks
from clew.motion.state import STATE
from clew.records import RecordArray
from clew.trackfit.filter import Ground, Scratch, filter_inwards, new_scratch
from clew.trackfit.perigee import to_perigee, write_perigee
from clew.trackfit.planes import errors_of
from clew.trackfit.smoother import fill, smooth_outwards
from clew.trackfit.tracks import Flag, Tracks
from clew.tracks import Candidates

__all__ = ["FitConfig", "fit_tracks"]

_LEAST_LAYERS: Final = 3
_POOR: Final = 1.3
"""Chi2 over degrees of freedom beyond which a track is fitted once more from where the first fit ended."""

_FEW_LAYERS, _ONE_MODULE, _LOST, _NO_PERIGEE = (
    int(flag) for flag in (Flag.FEW_LAYERS, Flag.ONE_MODULE, Flag.LOST, Flag.NO_PERIGEE)
)


@dataclass(frozen=True)
class FitConfig:
    """Settings of the fit.

    Attributes
    ----------
    outlier_chi2 : float
        Chi2 of a hit (two degrees of freedom) against the rest of its track from which on it is left out.
    most_outliers : int
        Hits of a track that are left out at most.
    beam_x, beam_y : float, mm
        The beam line, parallel to z.
    """

    outlier_chi2: float = 25.0
    most_outliers: int = 3
    beam_x: float = 0.0
    beam_y: float = 0.0


class _Output(NamedTuple):
    """What is written of each track, and of each of its hits; see `Tracks`."""

    parameters: Float64Array
    covariance: Float64Array
    chi2: Float64Array
    counts: Int32Array
    flag: Int32Array
    states: RecordArray
    hit_chi2: Float32Array
    outlier: BoolArray


def fit_tracks(hits: Hits, labels: Int32Array, config: FitConfig | None = None) -> Tracks:
    """Fit the tracks of an event.

    Parameters
    ----------
    hits : Hits
    labels : ndarray of shape (n_hits,), int32
        Track number of each hit from 1, 0 for hits without a track.
    config : FitConfig or None

    Returns
    -------
    Tracks
        One for each label that has a hit, ascending.

    Examples
    --------
    >>> tracks = fit_tracks(event.hits, result.labels)
    >>> tracks.pt[tracks.flag == 0]
    """
    config = config or FitConfig()
    detector = hits.detector
    far = hits.r.astype(np.float64) ** 2 + hits.z.astype(np.float64) ** 2
    known = np.where(hits.layer_index >= 0, labels, 0).astype(np.int32)
    found = Candidates.from_labels(known, np.argsort(far, kind="stable"))
    names = known[found.hits[found.offsets[:-1]]]
    output = _new_output(len(found), len(found.hits))
    if detector.solenoid.strength == 0.0:
        output.flag[:] = int(Flag.NO_FIELD)
    elif len(found):
        _fit_all(hits, found, config, output)
        _refuse_unmeasured(hits, found, output)
    return Tracks(names, found.offsets, found.hits, detector.solenoid, *output)


def _new_output(n: int, n_hits: int) -> _Output:
    return _Output(
        np.zeros((n, 5)),
        np.zeros((n, 5, 5)),
        np.zeros(n),
        np.zeros((n, 4), dtype=np.int32),
        np.zeros(n, dtype=np.int32),
        np.zeros(n_hits, dtype=STATE),
        np.zeros(n_hits, dtype=np.float32),
        np.zeros(n_hits, dtype=np.bool_),
    )


def _fit_all(hits: Hits, found: Candidates, config: FitConfig, output: _Output) -> None:
    points = _points_of(hits)[found.hits]
    detector = hits.detector
    ground = Ground(detector.surfaces, detector.matter, detector.solenoid.map, errors_of(detector))
    offsets, longest = found.offsets, int(found.lengths.max())
    beam = config.beam_x, config.beam_y
    cuts = config.outlier_chi2, config.most_outliers

    def fit_block(begin: int, end: int) -> None:
        _fit_block(points, offsets, (begin, end), longest, ground, beam, cuts, output)

    run_blocks(fit_block, len(found))


def _refuse_unmeasured(hits: Hits, found: Candidates, output: _Output) -> None:
    """Flag tracks with hits on layers of which no errors are known."""
    surfaces = hits.detector.surfaces
    known = (surfaces["across"] > 0.0) & (surfaces["along"] > 0.0)
    without = ~known[hits.layer_index[found.hits]]
    bad = np.logical_or.reduceat(without, found.offsets[:-1])
    output.flag[bad] = int(Flag.NO_ERRORS)
    for table in (output.parameters, output.covariance, output.chi2):
        table[bad] = 0.0


def _points_of(hits: Hits) -> RecordArray:
    """Return the hits in the order of the event, with what modules and clusters tell."""
    index = build_index(hits, shift=shift_for(len(hits), len(hits.detector)))
    orient_modules(hits, index)
    add_clusters(hits, index, shapes_of(hits.detector))
    points: RecordArray = index.points[entries_of(index.row, len(hits))[:-1]]
    return points


@kernel
def _layers(points: RecordArray, scratch: Scratch) -> int:
    """Return on how many layers there are used hits."""
    n, seen = 0, scratch.seen
    seen[:] = False
    for k in range(len(points)):
        layer = points[k].layer
        if scratch.used[k] and not seen[layer]:
            seen[layer] = True
            n += 1
    return n


@kernel
def _on_one_module(points: RecordArray) -> bool:
    same = True
    for k in range(1, len(points)):
        same = same and points[k].layer == points[0].layer and points[k].module == points[0].module
    return same


@kernel
def _worst(scratch: Scratch, n: int, cut: float) -> int:
    """Return the used hit of the largest chi2 beyond a cut, -1 if there is none."""
    worst, most = -1, cut
    for k in range(n):
        if scratch.used[k] and scratch.chi2[k] > most:
            worst, most = k, scratch.chi2[k]
    return worst


@kernel
def _fit_hits(
    points: RecordArray, ground: Ground, cuts: tuple[float, int], states: RecordArray, scratch: Scratch
) -> tuple[float, int]:
    """Fit until no hit is an outlier; return chi2, inf for a lost track, and the holes."""
    n = len(points)
    for k in range(n):
        scratch.used[k] = True
    chi2, holes = filter_inwards(points, ground, states, False, scratch)
    if chi2 == np.inf:
        return chi2, holes
    smooth_outwards(scratch, n, states)
    if chi2 > _POOR * (2 * n - 5):
        # it began far from where it ended up, or has a wrong hit: begin there
        chi2, holes = _again(points, ground, states, scratch)
    for _ in range(cuts[1]):
        worst = _worst(scratch, n, cuts[0])
        if chi2 == np.inf or worst < 0:
            break
        scratch.used[worst] = False
        if _layers(points, scratch) < _LEAST_LAYERS:
            scratch.used[worst] = True
            break
        chi2, holes = _again(points, ground, states, scratch)
    return chi2, holes


@kernel
def _again(points: RecordArray, ground: Ground, states: RecordArray, scratch: Scratch) -> tuple[float, int]:
    """Fit once more, starting where the last fit ended."""
    chi2, holes = filter_inwards(points, ground, states, True, scratch)
    if chi2 < np.inf:
        smooth_outwards(scratch, len(points), states)
    return chi2, holes


@kernel
def _fit_one(
    points: RecordArray,
    ground: Ground,
    beam: tuple[float, float],
    cuts: tuple[float, int],
    states: RecordArray,
    scratch: Scratch,
    output: _Output,
    i: int,
) -> int:
    """Fit a track and write its row; return its flag."""
    n = len(points)
    for k in range(n):
        scratch.used[k] = True
    counts = output.counts[i]
    counts[0], counts[1] = n, _layers(points, scratch)
    if _on_one_module(points):
        return _ONE_MODULE
    if counts[1] < _LEAST_LAYERS:
        return _FEW_LAYERS
    chi2, holes = _fit_hits(points, ground, cuts, states, scratch)
    if chi2 == np.inf:
        return _LOST
    if not to_perigee(beam, ground, points[0].layer, scratch):
        return _NO_PERIGEE
    state = scratch.states[1]
    heading = np.cos(state.psi), np.sin(state.psi)
    bent, _ = bending_and_tilt(ground.field, state.x, state.y, state.z, heading, state.slope)
    fill(state, scratch.work)
    bent, bending = bent * state.kappa, ground.field.bending
    if not write_perigee(
        state, beam, bent, bending, scratch.work, output.parameters[i], output.covariance[i]
    ):
        return _NO_PERIGEE
    for k in range(5):
        if not 0.0 < output.covariance[i, k, k] < np.inf:
            output.parameters[i, :] = 0.0
            output.covariance[i, :, :] = 0.0
            return _LOST
    output.chi2[i] = chi2
    n_used = 0
    for k in range(n):
        n_used += scratch.used[k]
    counts[0], counts[1] = n_used, _layers(points, scratch)
    counts[2], counts[3] = n - n_used, holes
    return 0


@kernel(owns=True)
def _fit_block(
    points: RecordArray,
    offsets: Int64Array,
    block: tuple[int, int],
    longest: int,
    ground: Ground,
    beam: tuple[float, float],
    cuts: tuple[float, int],
    output: _Output,
) -> None:
    """Fit the tracks of a block: numbers block[0] to block[1]."""
    scratch = new_scratch(longest, len(ground.surfaces))
    for i in range(block[0], block[1]):
        begin, end = offsets[i], offsets[i + 1]
        states = output.states[begin:end]
        flag = _fit_one(points[begin:end], ground, beam, cuts, states, scratch, output, i)
        output.flag[i] = flag
        for k in range(end - begin):
            if flag == 0:
                output.hit_chi2[begin + k] = scratch.chi2[k]
                output.outlier[begin + k] = not scratch.used[k]
