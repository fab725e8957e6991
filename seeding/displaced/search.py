"""Triplets without a beam line: two hits and their clusters tell a direction, a third hit bears it out.

A chord of two hits that their clusters agree with is followed to the next layer, where a track may have
turned by as much as the least momentum allows: the third hit must be met in z, its place across tells the
curvature.
What a triplet gains is the logarithm of how much likelier it is a track's than by chance: every curvature is
as likely as any other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector.material import scattering_angle
from clew.detector.surface import Surface
from clew.hits.clusters import cluster_gain
from clew.hits.index import HitPoint, cell_span, cells_of, columns_of, in_columns
from clew.hits.space import SearchSpace
from clew.kernels import kernel, run_blocks
from clew.records import RecordArray, record_dtype
from clew.seeding.clusters import clusters_of_three
from clew.seeding.doublets import height_error
from clew.seeding.shortlist import Triplets, insert_triplet, no_triplets

__all__ = ["DisplacedCuts", "search_displaced"]

_MARGIN: Final = 2e-3
"""rad; by how much windows are wider than worked out."""

_ACROSS: Final = 0.2
"""Share of the largest bending that is allowed for besides: layers are not planes across the chord."""

_STEEPEST: Final = 0.3
"""Cosine of the angle between a chord and the radius, at the least, where windows are worked out."""

_FLATTEST: Final = 0.1
"""Least slope dz/darc of tracks that discs are searched for."""

_MOST_TURNED: Final = 0.9
"""Sine of half the angle by which a track may turn between two hits."""

_MOST_BENT: Final = 0.7
"""Share of the way to the third hit by which a track may leave the chord."""

_BEST: Final = 3.0
"""More than so much a third hit's cluster hardly gains."""

_SLACK: Final = 0.05
"""mm; by how much a third hit may be off in z besides."""

_ROUNDING: Final = 1e-3
"""mm; z/r is rounded, so that the outermost hit of a layer might be beyond the layer's range."""


class DisplacedCuts(NamedTuple):
    """What chords and third hits must keep to; lengths in mm.

    Attributes
    ----------
    most_curvature : float, 1/mm
    most_aside : float
        Tangent of the largest angle between a chord and the radius at its first hit.
    most_slope : float
        Largest abs(dz/dr) of a chord.
    pull : float
        Third hits farther from the chord's z, in expected deviations, are left out.
    least_chord : float
        What the clusters of the first two hits must gain.
    least_gain : float
        What a triplet must gain.
    clusters : float
        Weight of what its clusters gain.
    longest : float
        Longest way from the second hit to the third.
    bending : float, GeV/mm
        Transverse momentum times curvature.
    least_gap, least_arc, loose, slack : float
        See `clew.detector.SeedLengths`.
    """

    most_curvature: float
    most_aside: float
    most_slope: float
    pull: float
    least_chord: float
    least_gain: float
    clusters: float
    longest: float
    bending: float
    least_gap: float
    least_arc: float
    loose: float
    slack: float


class _Rules(NamedTuple):
    """Where second and third hits may be, shape (n_layers, any), -1 padded; what they must keep to."""

    seconds: Int32Array
    thirds: Int32Array
    cuts: DisplacedCuts


class Chord:
    """Fields of two hits and the straight line through them; lengths in mm.

    Attributes
    ----------
    cos, sin : float
        Its direction in the transverse plane.
    length, rise : float
        Transverse distance of the hits, and their distance in z.
    slope : float
    first_error, second_error : float
        Errors of their z.
    gain : float
        What their clusters gain.
    """

    cos: float
    sin: float
    length: float
    rise: float
    slope: float
    first_error: float
    second_error: float
    gain: float


class Target:
    """Fields of where a third hit is looked for.

    Attributes
    ----------
    phi, half : float, rad
    low, high : float
        Range of z/r.
    measured, scattered : float, mm2
        Variance of z at a third hit: what the errors of all three hits make, and what scattering in the
        second layer makes of a track of the largest curvature.
    chance : float, 1/mm
        Hits that are met by chance, for each mm of deviation in z.
    off : float, mm
        How far in z a third hit may be from the chord at most.
    """

    phi: float
    half: float
    low: float
    high: float
    measured: float
    scattered: float
    chance: float
    off: float


_CHORD: Final = record_dtype(Chord)
_TARGET: Final = record_dtype(Target)


@kernel(force=True)
def _second_window(first: HitPoint, surface: Surface, cuts: DisplacedCuts) -> tuple[float, float, float]:
    """Return half the range of phi (negative for nowhere) and the range of z/r of second hits on a layer."""
    nowhere = (-1.0, 0.0, 0.0)
    angle = np.arctan(cuts.most_aside)
    near, far, low, high = surface.r_low, surface.r_high, surface.z_low, surface.z_high
    if not surface.barrel:
        near, far = max(near, first.r), min(far, first.r + abs(0.5 * (low + high) - first.z) / _STEEPEST)
    if far < first.r + cuts.least_gap or near > far:
        return nowhere
    half = angle - np.arcsin(min(first.r * np.sin(angle) / far, 1.0)) + _MARGIN
    if surface.barrel:
        longest = far * np.sin(half) / np.sin(angle)
        low = max(low, first.z - cuts.most_slope * longest)
        high = min(high, first.z + cuts.most_slope * longest)
        if low > high:
            return nowhere
    low, high = low - _ROUNDING, high + _ROUNDING
    return half, low / (far if low > 0 else near), high / (near if high > 0 else far)


@kernel(force=True)
def _make_chord(
    space: SearchSpace, first: HitPoint, second: HitPoint, cuts: DisplacedCuts, chord: Chord
) -> bool:
    """Write the chord of two hits; False where it points aside, or their clusters are against it."""
    dx, dy, rise = second.x - first.x, second.y - first.y, second.z - first.z
    ahead = (dx * first.x + dy * first.y) / first.r
    aside = (dy * first.x - dx * first.y) / first.r
    if ahead < cuts.least_gap or abs(aside) > cuts.most_aside * ahead:
        return False
    length = np.sqrt(dx * dx + dy * dy)
    slope = rise / length
    if abs(slope) > cuts.most_slope:
        return False
    near, far = space.surfaces[first.layer], space.surfaces[second.layer]
    heading = dx / length, dy / length
    gain = cluster_gain(space.shapes, first, near.barrel, heading, slope)
    gain += cluster_gain(space.shapes, second, far.barrel, heading, slope)
    if gain < cuts.least_chord:
        return False
    chord.cos, chord.sin = heading
    chord.length, chord.rise, chord.slope, chord.gain = length, rise, slope, gain
    chord.first_error, chord.second_error = height_error(near, slope), height_error(far, slope)
    return True


@kernel(force=True)
def _way_to(second: HitPoint, chord: Chord, surface: Surface) -> float:
    """Return how far it is along the chord from its second hit to a layer [mm], negative for nowhere."""
    if surface.barrel:
        middle = 0.5 * (surface.r_low + surface.r_high)
        along = second.x * chord.cos + second.y * chord.sin
        under = along * along - second.r * second.r + middle * middle
        return -along + np.sqrt(under) if under >= 0.0 else -1.0
    if abs(chord.slope) < _FLATTEST:
        return -1.0
    return (0.5 * (surface.z_low + surface.z_high) - second.z) / chord.slope


@kernel(force=True)
def _measured(space: SearchSpace, chord: Chord, layer: int, way: float) -> float:
    """Return the variance of z [mm2] that the errors of all three hits make after a way [mm]."""
    ratio = way / chord.length
    third = height_error(space.surfaces[layer], chord.slope)
    second, first = chord.second_error * (1.0 + ratio), chord.first_error * ratio
    return third * third + second * second + first * first


@kernel(force=True)
def _scattered(surface: Surface, chord: Chord, curvature: float, bending: float, way: float) -> float:
    """Return the variance of z [mm2] that scattering in the second layer makes."""
    theta = scattering_angle(curvature, chord.slope, surface, bending)
    return (theta * (1.0 + chord.slope * chord.slope) * way) ** 2


@kernel(force=True)
def _most_gain(chord: Chord, target: Target, variance: float, cuts: DisplacedCuts) -> float:
    """Return what a triplet gains at most if the deviation in z has a variance [mm2]."""
    return cuts.clusters * (chord.gain + _BEST) - np.log(np.sqrt(variance) * target.chance + 1e-9)


@kernel(force=True)
def _aim(
    space: SearchSpace, second: HitPoint, chord: Chord, layer: int, cuts: DisplacedCuts, target: Target
) -> bool:
    """Write where third hits on a layer may be; False for nowhere."""
    surface = space.surfaces[layer]
    way = _way_to(second, chord, surface)
    if way < cuts.least_arc or way > cuts.longest:
        return False
    x, y, z = second.x + way * chord.cos, second.y + way * chord.sin, second.z + way * chord.slope
    r = np.sqrt(x * x + y * y)
    near, far, low, high = surface.r_low, surface.r_high, surface.z_low, surface.z_high
    if surface.barrel:
        if z < low - cuts.loose or z > high + cuts.loose:
            return False
    elif r < near - cuts.slack or r > far + cuts.slack:
        return False
    # a track of the largest curvature, tangent to the chord in its middle
    bent = min(0.5 * cuts.most_curvature * way * (way + chord.length), _MOST_BENT * way)
    cos = max(abs(x * chord.cos + y * chord.sin) / r, _STEEPEST)
    sin = np.sqrt(1.0 - min(cos * cos, 1.0))
    target.measured = _measured(space, chord, layer, way)
    before = space.surfaces[second.layer]
    target.scattered = _scattered(before, chord, cuts.most_curvature, cuts.bending, way)
    density = surface.density if surface.barrel else surface.density / (r * r * abs(chord.slope))
    target.chance = np.sqrt(2.0 * np.pi) * 2.0 * bent * density
    if _most_gain(chord, target, target.measured, cuts) < cuts.least_gain:
        return False
    error = np.sqrt(target.measured + target.scattered)
    # arcs are longer than chords
    longer = (0.5 * cuts.most_curvature) ** 2 / 6.0 * abs(way * way - chord.length * chord.length)
    target.off = cuts.pull * error + abs(chord.slope) * way * longer + _SLACK
    if surface.barrel:
        more = cuts.pull * error + abs(chord.slope) * (bent * sin / cos + _ACROSS * bent)
        low, high = max(z - more, low), min(z + more, high)
        target.half = bent / (cos * r)
    else:
        more = cuts.pull * error / abs(chord.slope) + bent * sin + _ACROSS * bent
        near, far = max(r - more, near), min(r + more, far)
        target.half = (bent + more * sin) / max(near, surface.least_r)
    target.half = min(target.half + _MARGIN, 1.0)
    target.phi = np.arctan2(y, x)
    low, high = low - _ROUNDING, high + _ROUNDING
    target.low, target.high = low / (far if low > 0 else near), high / (near if high > 0 else far)
    return low <= high and near <= far


@kernel(force=True)
def _gain(
    space: SearchSpace,
    first: HitPoint,
    second: HitPoint,
    third: HitPoint,
    chord: Chord,
    cuts: DisplacedCuts,
    target: Target,
) -> float:
    """Return what a triplet gains, -inf where it is none."""
    x, y = third.x - second.x, third.y - second.y
    length = np.sqrt(x * x + y * y)
    if abs(third.z - second.z - chord.slope * length) > target.off:
        return -np.inf
    if length < cuts.least_gap or x * chord.cos + y * chord.sin < 0.0:
        return -np.inf
    whole = np.sqrt((third.x - first.x) ** 2 + (third.y - first.y) ** 2)
    half = (chord.cos * y - chord.sin * x) / (length * whole)
    sine1, sine2 = half * chord.length, half * length
    if abs(2.0 * half) > cuts.most_curvature or max(abs(sine1), abs(sine2)) > _MOST_TURNED:
        return -np.inf
    arc1, arc2 = chord.length * (1.0 + sine1 * sine1 / 6.0), length * (1.0 + sine2 * sine2 / 6.0)
    miss = third.z - second.z - chord.rise * arc2 / arc1
    # scattering goes with curvature, as both go with one over the momentum
    share = 2.0 * half / cuts.most_curvature
    variance = target.measured + target.scattered * share * share
    chi2 = miss * miss / variance
    if (
        chi2 > cuts.pull * cuts.pull
        or _most_gain(chord, target, variance, cuts) - 0.5 * chi2 < cuts.least_gain
    ):
        return -np.inf
    gain = -0.5 * chi2 - np.log(np.sqrt(variance) * target.chance + 1e-9)
    return gain + cuts.clusters * clusters_of_three(space, first, second, third)


@kernel(force=True)
def _add_thirds(
    space: SearchSpace,
    rules: _Rules,
    pair: tuple[int, int],
    scratch: tuple[RecordArray, RecordArray],
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    """Add the triplets of a chord to the best ones of its first hit."""
    chord, target = scratch[0][0], scratch[1][0]
    points, cuts = space.points, rules.cuts
    first, second = points[pair[0]], points[pair[1]]
    for layer in rules.thirds[second.layer]:
        if layer < 0:
            break
        if not _aim(space, second, chord, layer, cuts, target):
            continue
        columns = columns_of(target.phi, target.half)
        left, right = cells_of(space, columns)
        for cell in range(left, right + 1):
            begin, end = cell_span(space, layer, cell, target.low, target.high)
            for third in range(begin, end):
                if not in_columns(space, third, columns):
                    continue
                gain = _gain(space, first, second, points[third], chord, cuts, target)
                if gain > cuts.least_gain:
                    insert_triplet(hits, gains, (pair[0], pair[1], third), gain)


@kernel
def _search_one(
    space: SearchSpace,
    rules: _Rules,
    number: int,
    scratch: tuple[RecordArray, RecordArray],
    hits: Int32Array,
    gains: Float64Array,
) -> None:
    """Write the best triplets of one first hit."""
    points, cuts = space.points, rules.cuts
    first = points[number]
    for layer in rules.seconds[first.layer]:
        if layer < 0:
            break
        half, low, high = _second_window(first, space.surfaces[layer], cuts)
        if half < 0.0:
            continue
        columns = columns_of(first.phi, half)
        left, right = cells_of(space, columns)
        for cell in range(left, right + 1):
            begin, end = cell_span(space, layer, cell, low, high)
            for second in range(begin, end):
                if not in_columns(space, second, columns):
                    continue
                if _make_chord(space, first, points[second], cuts, scratch[0][0]):
                    _add_thirds(space, rules, (number, second), scratch, hits, gains)


@kernel(owns=True)
def _search_block(
    space: SearchSpace, rules: _Rules, firsts: Int64Array, triplets: Triplets, block: tuple[int, int]
) -> None:
    """Write the best triplets of the first hits of a block: numbers block[0] to block[1]."""
    scratch = np.zeros(1, dtype=_CHORD), np.zeros(1, dtype=_TARGET)
    for i in range(block[0], block[1]):
        _search_one(space, rules, firsts[i], scratch, triplets.hits[i], triplets.gains[i])


def search_displaced(
    space: SearchSpace,
    layers: tuple[Int32Array, Int32Array],
    firsts: Int64Array,
    cuts: DisplacedCuts,
    width: int,
) -> Triplets:
    """Return the `width` best triplets that begin with each of the first hits.

    Parameters
    ----------
    space : SearchSpace
    layers : two ndarrays of shape (n_layers, any), int32
        Those on which the hit after a first, and after a second one, may be, -1 padded.
    firsts : ndarray of shape (n_first,), int64
        Entries of the space.
    cuts : DisplacedCuts
    width : int
    """
    triplets, rules = no_triplets(len(firsts), width), _Rules(*layers, cuts)

    def search_block(begin: int, end: int) -> None:
        _search_block(space, rules, firsts, triplets, (begin, end))

    run_blocks(search_block, len(firsts))
    return triplets
