"""The triplet seeder: doublets and triplets of hits grow into tracks, the easy ones first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

import numpy as np

from clew.arrays import BoolArray, Int32Array
from clew.event import Hits
from clew.hits.free import FreeHits
from clew.hits.index import HitIndex, build_index, without
from clew.kernels import kernel
from clew.seeding.doublets import cuts_of
from clew.seeding.free import seed_free
from clew.seeding.luminous import luminous_reach
from clew.seeding.triplets.overlaps import find_doubles, with_doubles
from clew.seeding.triplets.search import search_all
from clew.settings import Switch, listed, within
from clew.tracks import NO_HIT, SEED_LENGTH, Candidates, Seeds

__all__ = ["TripletConfig", "TripletPass", "TripletSeeder"]

_INNERMOST: Final = ("pixel barrel 1",)
_SECOND: Final = ("pixel barrel 2", "pixel endcap 1-2")
_PIXELS: Final = ("pixel",)
_FIRST_STRIPS: Final = ("short strip barrel 1-2",)


@dataclass(frozen=True)
class TripletPass:
    """One pass over the hits that are still free.

    Attributes
    ----------
    least_pt : float, GeV
    first_layers : tuple of str
        Where tracks may begin; see `clew.detector.Detector.select`.
    least_hits : int
        Shorter tracks give their hits back.
    beam_error : float, mm
        Expected distance of the tracks from the beam line.
    prompt : bool
        Whether to look only for tracks that point to where those of the first pass began.
    """

    least_pt: Annotated[float, within(0.05, 100)]
    first_layers: Annotated[tuple[str, ...], listed(1, 100)] = _INNERMOST
    least_hits: Annotated[int, within(1, 100)] = 5
    beam_error: Annotated[float, within(0.001, 1000)] = 0.05
    prompt: Switch = True


@dataclass(frozen=True)
class TripletConfig:
    """Settings of the triplet seeder.

    A hit's gain is the logarithm of how much likelier it is a track's hit than one by chance; a track's
    quality is the sum of the gains of its hits from the third on.

    Attributes
    ----------
    passes : tuple of TripletPass
        From easy tracks to hard ones: what one pass finds, the next need not look at.
    most_z0 : float, mm
        Doublets that point to a larger |z| on the beam line are left out.
    z0_margin : float, mm
        Prompt tracks are looked for up to this beyond the |z| where those of the first pass began.
    pull : float
        Hits farther from a prediction, in expected deviations, are not looked at.
    least_gain, least_quality : float
        Hits that gain less are not taken, tracks of less quality are given up.
    enough : float
        A first hit with a track of this quality needs no further search.
    scattering : float
        Factor of the expected multiple scattering.
    """

    passes: Annotated[tuple[TripletPass, ...], listed(1, 50)] = (
        TripletPass(0.5, least_hits=6),
        TripletPass(0.5, _SECOND, least_hits=6),
        TripletPass(0.25, least_hits=6),
        TripletPass(0.25, _SECOND, least_hits=6),
        TripletPass(0.13, _PIXELS),
        TripletPass(0.2, _PIXELS + _FIRST_STRIPS, beam_error=5.0, prompt=False),
        TripletPass(0.2, _PIXELS, least_hits=4, prompt=False),
    )
    most_z0: Annotated[float, within(0.1, 10_000)] = 165.0
    z0_margin: Annotated[float, within(0, 1000)] = 20.0
    pull: Annotated[float, within(0.1, 20)] = 4.0
    least_gain: Annotated[float, within(-1000, 1000)] = 0.0
    least_quality: Annotated[float, within(-1000, 1000)] = 6.0
    enough: Annotated[float, within(-1000, 1000)] = 20.0
    scattering: Annotated[float, within(0, 10)] = 1.3


@dataclass(frozen=True)
class TripletSeeder:
    """Finds seeds by growing triplets; see `clew.stages.Seeder`.

    It assumes nothing of where along the beam line tracks begin, as it needs no hypothesis of z.
    """

    config: TripletConfig = field(default_factory=TripletConfig)

    def seed(self, hits: Hits, free: FreeHits, found: Candidates) -> Seeds:
        """Find seeds among the free hits; no hit is in two of them."""
        return seed_free(self.find, hits, free)

    def find(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event."""
        index = build_index(hits)
        parts = [Candidates.empty()]
        most_z0 = luminous = self.config.most_z0
        for number, settings in enumerate(self.config.passes):
            parts.append(self._search(hits, index, settings, luminous if settings.prompt else most_z0))
            if number == 0:
                luminous = min(most_z0, luminous_reach(hits, parts[-1]) + self.config.z0_margin)
            taken = np.zeros(len(hits), dtype=np.bool_)
            taken[parts[-1].hits] = True
            index = without(index, taken)
        found = Candidates.concatenate(parts)
        return Seeds(found.select(found.lengths >= SEED_LENGTH).head(SEED_LENGTH), found)

    def _search(self, hits: Hits, index: HitIndex, settings: TripletPass, most_z0: float) -> Candidates:
        """Return the tracks of one pass; each of their hits is in one of them only."""
        c, detector = self.config, hits.detector
        firsts = np.flatnonzero(np.isin(index.points["layer"], detector.select(settings.first_layers)))
        cuts = cuts_of(
            detector,
            least_pt=settings.least_pt,
            most_z0=most_z0,
            beam_error=settings.beam_error,
            pull=c.pull,
            least_gain=c.least_gain,
            scattering=c.scattering,
        )
        layers = detector.following(0), detector.following(1)
        tracks, quality = search_all(index, *layers, firsts, cuts, detector.solenoid.map, c.enough)
        long_enough = (tracks != NO_HIT).sum(axis=1) >= settings.least_hits
        good = np.flatnonzero(long_enough & (quality >= c.least_quality))
        best_first = good[np.argsort(-quality[good], kind="stable")]
        tracks = tracks[best_first]
        tracks = tracks[_choose(tracks, len(index.row))]
        doubles = np.full_like(tracks, NO_HIT)
        behind = np.zeros(tracks.shape, dtype=np.bool_)
        find_doubles(index, tracks, cuts, doubles, behind)
        rows = Candidates.from_rows(with_doubles(tracks, doubles, behind, len(index.row)))
        return Candidates(index.row[rows.hits], rows.offsets)


@kernel(owns=True)
def _choose(rows: Int32Array, n_hits: int) -> BoolArray:
    """Choose tracks in their order, leaving out those with a hit of one chosen before."""
    taken = np.zeros(n_hits, dtype=np.bool_)
    chosen = np.ones(len(rows), dtype=np.bool_)
    for i in range(len(rows)):
        for hit in rows[i]:
            if hit != NO_HIT and taken[hit]:
                chosen[i] = False
        if chosen[i]:
            for hit in rows[i]:
                if hit != NO_HIT:
                    taken[hit] = True
    return chosen
