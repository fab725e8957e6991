"""Training material: windows of true tracks at every offset, both ways, and the targets of the outputs."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float32Array, Int32Array, Int64Array
from clew.event import Hits
from clew.extend.frames import wrap
from clew.extend.windows.features import COORDINATE_SCALE, Prompt, Queries, query
from clew.extend.windows.helix import N_STEPS, HelixConfig
from clew.tracks import NO_HIT, SEED_LENGTH
from clew.tracksets import Tracks

__all__ = ["N_TARGETS", "examples", "true_windows"]

N_TARGETS: Final[dict[Prompt, int]] = {"helix": 3, "zeros": 5}
"""Numbers per step of a target: those of the outputs' means, then 1 where they count, else 0."""

_FARTHEST: Final = 25.0  # expected deviations; hits farther off do not count
_SLOWEST: Final = np.float32(0.05)  # mm across a layer's surface per mm of transverse arc


def true_windows(
    tracks: Tracks, rng: np.random.Generator, shortest: int, thinning: float
) -> tuple[Int32Array, Int32Array]:
    """Return windows of true tracks and the hits that follow each.

    Parameters
    ----------
    tracks : Tracks
    rng : numpy.random.Generator
        Chooses the hits that thinning leaves out.
    shortest : int
        Tracks with fewer hits are not used.
    thinning : float
        Fraction of hits left out of the second half of the windows, as seeds are that miss hits.

    Returns
    -------
    windows : ndarray of shape (n_windows, 5), int32
        Rows of `tracks.hits` in the direction of travel, outwards and inwards.
    following : ndarray of shape (n_windows, longest track), int32
        The track's other hits ahead of the window, nearest first, then NO_HIT.
    """
    rows = np.arange(len(tracks.hits))
    parts = []
    for keep in (np.ones(len(rows), dtype=bool), rng.random(len(rows)) >= thinning):
        parts += _both_ways(rows[keep], tracks.owners[keep], shortest)
    width = max((part[1].shape[1] for part in parts), default=0)
    padded = [np.pad(f, ((0, 0), (0, width - f.shape[1])), constant_values=NO_HIT) for _, f in parts]
    return np.concatenate([w for w, _ in parts]), np.concatenate(padded)


def _both_ways(rows: Int64Array, track: Int64Array, shortest: int) -> list[tuple[Int32Array, Int32Array]]:
    parts = []
    for direction in (1, -1):
        path, owner = rows[::direction], track[::direction]
        starts = np.flatnonzero(np.diff(owner, prepend=owner[:1] - 1))
        lengths = np.diff(np.append(starts, len(owner)))
        last = np.repeat(starts + lengths, lengths)
        place = np.arange(len(path))
        chosen = place[(place + SEED_LENGTH < last) & (np.repeat(lengths, lengths) >= shortest)]
        ahead = np.arange(SEED_LENGTH, max(int(lengths.max(initial=0)), SEED_LENGTH + 1))
        following = np.minimum(chosen[:, None] + ahead, len(path) - 1)
        exists = chosen[:, None] + ahead < last[chosen, None]
        windows = path[chosen[:, None] + np.arange(SEED_LENGTH)]
        parts.append((windows.astype(np.int32), np.where(exists, path[following], NO_HIT).astype(np.int32)))
    return parts


def examples(
    hits: Hits, windows: Int32Array, following: Int32Array, prompt: Prompt, helix: HelixConfig
) -> tuple[Float32Array, Float32Array]:
    """Return inputs (n_windows, 10, N_INPUTS) and targets (n_windows, 5, N_TARGETS) of a network, float32."""
    queries = query(hits, windows, prompt, helix)
    features = hits.features
    if prompt == "zeros":
        return queries.inputs, _next_hits(features, following, queries)
    return queries.inputs, _deviations(features, hits.layer_index, following, queries)


def _next_hits(features: Float32Array, following: Int32Array, queries: Queries) -> Float32Array:
    rows = np.full((len(following), N_STEPS), NO_HIT, dtype=np.int32)
    rows[:, : following.shape[1]] = following[:, :N_STEPS]
    exists = (rows != NO_HIT)[..., None]
    points = queries.frame.enter(features[rows]) / COORDINATE_SCALE
    return np.concatenate([np.where(exists, points, 0), exists], axis=2, dtype=np.float32)


def _deviations(
    features: Float32Array, layers: Int32Array, following: Int32Array, queries: Queries
) -> Float32Array:
    """Return how far the particle's hit on each crossed layer is from the crossing.

    The crossing is carried to the hit's module first.  Of several hits on the layer the nearest counts.
    """
    crossings, frame, barrel = queries.crossings, queries.frame, queries.barrel
    best = np.full((*crossings.layer.shape, 2), np.inf, dtype=np.float32)
    for column in following.T:
        hit = features[column][:, None]
        gap = np.where(barrel, hit[..., 1] - crossings.points[..., 1], hit[..., 2] - crossings.points[..., 2])
        slope = crossings.slope[:, None]
        radial, tangential = np.cos(crossings.heading), np.sin(crossings.heading)
        speed = np.where(barrel, radial, slope)
        arc = gap / np.where(np.abs(speed) < _SLOWEST, np.copysign(_SLOWEST, speed), speed)
        turned = crossings.points[..., 0] + arc * tangential / crossings.points[..., 1]
        across = wrap(hit[..., 0] - turned) / crossings.sigmas[..., 0]
        height = (hit[..., 2] - crossings.points[..., 2] - arc * slope) / crossings.sigmas[..., 2]
        reach = (hit[..., 1] - crossings.points[..., 1] - arc * radial) / crossings.sigmas[..., 1]
        along = np.where(barrel, frame.side[:, None] * height, reach)
        across = frame.turn[:, None] * across
        here = (column[:, None] != NO_HIT) & (layers[column][:, None] == crossings.layer)
        nearer = here & (np.abs(across) + np.abs(along) < np.abs(best).sum(axis=2))
        best[nearer] = np.stack([across, along], axis=2)[nearer]
    counts = (np.abs(best) < _FARTHEST).all(axis=2, keepdims=True)
    return np.concatenate([np.where(counts, best, 0), counts], axis=2, dtype=np.float32)
