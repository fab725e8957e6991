"""The detector as data: its layers and their classes, its field, and which layers follow which."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast

import numpy as np

from clew.arrays import BoolArray, Float64Array, Int32Array
from clew.detector.clusters import ClusterTables
from clew.detector.matter import MatterMap, Slab, matter_map
from clew.detector.resolutions import ResolutionTables
from clew.detector.solenoid import Solenoid
from clew.detector.surface import SURFACE
from clew.detector.transitions import Transitions, find_innermost, find_transitions
from clew.display import Displayed
from clew.errors import ConfigError
from clew.records import RecordArray

__all__ = ["ClusterSlopes", "Detector", "Layer", "LayerClass", "Lengths", "SeedLengths"]


_NAME: Final = re.compile(r"(?P<words>[^0-9]*?)\s*(?:(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?)?")
"""Words of a class, and which of its layers."""

_WORDS: Final = frozenset({"pixel", "short", "long", "strip", "barrel", "endcap"})
"""Words of classes that a name may hold on any detector: presets are for detectors that lack some of them."""


@dataclass(frozen=True)
class ClusterSlopes:
    """Which slopes a pixel cluster of n columns along v allows; of abs(dz/dr) on a cylinder, dr/dz on a disc.

    At least `per_column` * (n - 2) - `least_off`, at most `per_column` * n + `most_off`: a track crosses
    slope * depth along the module and fires the columns in between.

    Attributes
    ----------
    least_per_column, least_off, most_per_column, most_off : float
    """

    least_per_column: float
    least_off: float
    most_per_column: float
    most_off: float


@dataclass(frozen=True)
class LayerClass:
    """What the layers of one kind share; lengths in mm.

    Attributes
    ----------
    name : str
        Such as "pixel barrel"; presets choose layers by its words.
    across, along : float
        Error of hits across their modules' length and along it.
    coarse_across, coarse_along : float
        The same in searches that do not follow a track's covariance.
    overlap : tuple of three floats
        Deviations in r*phi, r and z between the two hits of a track on overlapping modules.
    stagger : float
        Mean absolute distance of modules from the layer's position.
    supports : bool
        Whether support structures that scatter tracks stand before its layers.
    cluster : ClusterSlopes or None
        Where clusters tell of the track's slope.
    """

    name: str
    across: float
    along: float
    coarse_across: float
    coarse_along: float
    overlap: tuple[float, float, float]
    stagger: float
    supports: bool = False
    cluster: ClusterSlopes | None = None


@dataclass(frozen=True)
class Layer:
    """One layer: a cylinder of radius `position` [mm] or a disc at z = `position`.

    `reach` is its extent in the other coordinate [mm], (lowest, highest): |z| for a cylinder, r for a disc.
    `volume` and `layer` are its numbers in files, `kind` the name of its class, modules count from 1.
    """

    volume: int
    layer: int
    barrel: bool
    position: float
    reach: tuple[float, float]
    n_modules: int
    kind: str


@dataclass(frozen=True)
class Lengths:
    """By how much tracks and modules may be off, and how far searches go [mm]; see `Surface`.

    Further ones: `outside` is the radius at which a track is lost, `beam_spot` half the range of z in which
    the tracks that show the transitions begin.
    """

    depth: float
    edge: float
    ahead: float
    again: float
    longest: float
    step: float
    loose: float
    slack: float
    spread: float
    least_r: float
    outside: float
    beam_spot: float


@dataclass(frozen=True)
class SeedLengths:
    """Lengths of the search for doublets and triplets [mm].

    Attributes
    ----------
    across : float
        Error of hits across a track.
    least_gap, least_arc : float
        Least distance in r of a doublet's hits, and least arc from its second hit to a third one.
    unseen : float
        Arc on which a track scatters once more than in the layers where it left hits.
    loose, slack : float
        By how much a helix may miss a layer, in z a cylinder, in r a disc, before errors are known.
    outside : float
        No layer is farther from the beam line.
    """

    across: float
    least_gap: float
    least_arc: float
    unseen: float
    loose: float
    slack: float
    outside: float


@dataclass(frozen=True, eq=False, repr=False)
class Detector(Displayed):
    """A tracking detector around the z axis; all lengths in mm, the field in T.

    Attributes
    ----------
    name : str
    layers : tuple of Layer
        A layer's place in this tuple is its dense index.
    classes : mapping of str to LayerClass
        By name.
    solenoid : Solenoid
    lengths : Lengths
    seed_lengths : SeedLengths
    radiation_lengths, most_obliquity : float
        Thickness of a layer that is crossed at a right angle; how much more slanting tracks cross at most.
    axes : ndarray of shape (n_layers, any, 2), float64, or None
        Cosine and sine of the azimuth to which each module of a layer points, by its number: the normal of a
        cylinder's module, the strips of a disc's.  NaN where it is not known.
    clusters : ClusterTables or None
        What clusters tell of a track's direction.
    slabs : tuple of Slab
        The material that a fit of tracks goes through; where there is none, layers of `radiation_lengths`.
    energy_loss : float, GeV
        Of a minimum ionising particle in one radiation length.
    resolutions : ResolutionTables or None
        How well hits are measured by their clusters; else as their classes tell.

    Examples
    --------
    >>> from clew.detector import trackml
    >>> detector = trackml()
    >>> detector.layers[7].position, detector.select(["pixel barrel 1"])
    (32.0, (7,))
    """

    name: str
    layers: tuple[Layer, ...]
    classes: Mapping[str, LayerClass]
    solenoid: Solenoid
    lengths: Lengths
    seed_lengths: SeedLengths
    radiation_lengths: float
    most_obliquity: float
    axes: Float64Array | None = None
    clusters: ClusterTables | None = None
    slabs: tuple[Slab, ...] = ()
    energy_loss: float = 0.0
    resolutions: ResolutionTables | None = None
    _transitions: dict[int, Transitions] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.layers)

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        n_modules = sum(layer.n_modules for layer in self.layers)
        return {"name": self.name, "layers": len(self), "modules": n_modules}

    @cached_property
    def barrel(self) -> BoolArray:
        """Whether each layer is a cylinder, shape (n_layers,)."""
        return np.array([layer.barrel for layer in self.layers], dtype=np.bool_)

    @cached_property
    def volume(self) -> Int32Array:
        """Volume of each layer, shape (n_layers,), int32."""
        return np.array([layer.volume for layer in self.layers], dtype=np.int32)

    def of_kind(self, *words: str) -> BoolArray:
        """Tell which layers have a class whose name holds all of the words, shape (n_layers,)."""
        return np.array([set(words) <= set(layer.kind.split()) for layer in self.layers], dtype=np.bool_)

    @cached_property
    def surfaces(self) -> RecordArray:
        """The layers as kernels read them, without hits, shape (n_layers,), `Surface` records."""
        table = np.zeros(len(self.layers), dtype=SURFACE)
        table["r_low"], table["z_low"] = np.inf, np.inf
        table["r_high"], table["z_high"] = -np.inf, -np.inf
        table["max_background"] = np.inf
        table["radiation_lengths"] = self.radiation_lengths
        table["most_obliquity"] = self.most_obliquity
        for name in sorted(set(SURFACE.names or ()) & set(Lengths.__dataclass_fields__)):
            table[name] = getattr(self.lengths, name)
        for number, layer in enumerate(self.layers):
            own, row = self.classes[layer.kind], cast(Any, table[number])
            row.barrel, row.supports, row.position = layer.barrel, own.supports, layer.position
            row.low, row.high = layer.reach
            row.across, row.along = own.across, own.along
            row.coarse_across, row.coarse_along = own.coarse_across, own.coarse_along
        return table

    @cached_property
    def matter(self) -> MatterMap:
        """The material and the layers as a fit of tracks meets them."""
        own = 0.0 if self.slabs else self.radiation_lengths
        layers = [Slab(layer.barrel, layer.position, *layer.reach, own) for layer in self.layers]
        return matter_map(self.slabs, layers, self.energy_loss)

    @cached_property
    def _rows(self) -> Int32Array:
        """Dense index by volume and layer, -1 where there is none."""
        volumes = 1 + max(layer.volume for layer in self.layers)
        numbers = 1 + max(layer.layer for layer in self.layers)
        table = np.full((volumes, numbers), -1, dtype=np.int32)
        for index, layer in enumerate(self.layers):
            table[layer.volume, layer.layer] = index
        return table

    def layer_index(self, volume: Int32Array, layer: Int32Array) -> Int32Array:
        """Return the dense layer index of each (volume, layer) pair, -1 where there is none."""
        n_volumes, n_numbers = self._rows.shape
        inside = (volume >= 0) & (volume < n_volumes) & (layer >= 0) & (layer < n_numbers)
        found = self._rows[np.where(inside, volume, 0), np.where(inside, layer, 0)]
        return np.where(inside, found, -1).astype(np.int32)

    def has_module(self, volume: Int32Array, layer: Int32Array, module: Int32Array) -> BoolArray:
        """Tell for each (volume, layer, module) whether the detector has such a module."""
        index = self.layer_index(volume, layer)
        n_modules = np.array([one.n_modules for one in self.layers])
        return (index >= 0) & (module >= 1) & (module <= n_modules[index])

    def following(self, skipped: int) -> Int32Array:
        """Return the layers that may follow each if so many are skipped; see `find_transitions`."""
        return self._transition(skipped).following

    def preceding(self, skipped: int) -> Int32Array:
        """Return the layers that may come before each; see `find_transitions`."""
        return self._transition(skipped).preceding

    def _transition(self, skipped: int) -> Transitions:
        if skipped not in self._transitions:
            self._transitions[skipped] = find_transitions(self.layers, self.lengths.beam_spot, skipped)
        return self._transitions[skipped]

    def select(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the dense indices of the layers that any of several names chooses, ascending.

        A name is "all", "innermost" (the layers that tracks from the beam line meet first), or the words of
        a class and then, as the case may be, which of its layers, counted from the inside (discs on both
        sides): "pixel", "pixel barrel", "pixel barrel 1", "strip endcap 1-2".  Presets name what few
        detectors have all of: names of layers that this one lacks are left out, and if no other is left,
        "innermost" is meant.

        Raises
        ------
        ConfigError
            For a name that is none of these, or of a word that is of no class.
        """
        chosen = {index for name in names for index in self._select(name)}
        return tuple(sorted(chosen)) if chosen or not names else self.innermost

    @cached_property
    def innermost(self) -> tuple[int, ...]:
        """Dense indices of the layers that tracks from the beam line meet first."""
        return find_innermost(self.layers, self.lengths.beam_spot)

    def _select(self, name: str) -> Sequence[int]:
        if name.strip() == "innermost":
            return self.innermost
        found = _NAME.fullmatch(name.strip())
        words = found["words"].split() if found else []
        first = int(found["first"] or 1) if found else 0
        last = int(found["last"] or first) if found and found["first"] else len(self)
        known = _WORDS.union(*(kind.split() for kind in self.classes))
        if not words or not (words == ["all"] or known.issuperset(words)) or not 1 <= first <= last:
            raise self._unknown(name)
        chosen = np.flatnonzero(self.of_kind(*words) if words != ["all"] else np.ones(len(self)))
        return [index for index in chosen.tolist() if first <= self._number(index) <= last]

    def _number(self, index: int) -> int:
        """Return which of its class a layer is, counted from the inside from 1, discs on both sides."""
        own = self.layers[index]
        places = sorted({abs(layer.position) for layer in self.layers if layer.kind == own.kind})
        return 1 + places.index(abs(own.position))

    def _unknown(self, name: str) -> ConfigError:
        known = ", ".join(sorted(self.classes))
        return ConfigError(
            f"the detector {self.name} has no layers {name!r}: name a class ({known}), with a number counted "
            'from the inside if need be ("pixel barrel 1", "pixel endcap 1-2"), "innermost" or "all"'
        )
