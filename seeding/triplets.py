"""The triplet seeder: doublets and triplets of hits grow into tracks, easy ones first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from clew.arrays import Float64Array, Int32Array, Int64Array
from clew.detector import BARREL_VOLUMES, LAYERS
from clew.event import Hits
from clew.fitting.index import N_COLUMNS, HitIndex, build_index, without
from clew.kernels import kernel
from clew.seeding.transitions import next_layers
from clew.seeding.triplet_search import LONGEST, search_all
from clew.tracks import SEED_LENGTH, Candidates, Seeds

__all__ = ["TripletConfig", "TripletPass", "TripletSeeder"]

INNERMOST: Final = (7,)
SECOND: Final = (8, 6, 11, 5, 12)
OTHERS: Final = (8, 6, 11, 5, 12, 4, 13, 3, 14, 2, 15, 9)
_CURVATURE: Final = 5.98e-4  # 1/mm of a track of 1 GeV


@dataclass(frozen=True)
class TripletPass:
    """One pass over the hits that are still free.

    Attributes
    ----------
    least_pt : float, GeV
    beam_error : float, mm
        Expected distance of the tracks from the beam line.
    pull : float
        Hits at most so many expected deviations from a prediction are looked at.
    least_hits : int
    least_quality : float
    innermost : int
        First hits are on the layers with fewer than so many before them.
    """

    least_pt: float = 0.4
    beam_error: float = 0.05
    pull: float = 4.0
    least_hits: int = 5
    least_quality: float = 10.0
    first_layers: tuple[int, ...] = INNERMOST
    skipped: int = 0
    most_lost: int = 0


@dataclass(frozen=True)
class TripletConfig:
    passes: tuple[TripletPass, ...] = (
        TripletPass(0.5, least_hits=6),
        TripletPass(0.5, least_hits=6, first_layers=SECOND),
        TripletPass(0.3, least_hits=6),
        TripletPass(0.3, least_hits=6, first_layers=SECOND),
        TripletPass(0.2),
        TripletPass(0.2, first_layers=OTHERS),
        TripletPass(0.2, skipped=1),
    )
    most_z0: float = 165.0
    least_gain: float = 0.0
    missing_cost: float = 2.0
    scattering: float = 1.3
    enough: float = 30.0


@dataclass(frozen=True)
class TripletSeeder:
    """Finds seeds by growing triplets; see `clew.stages.Seeder`."""

    config: TripletConfig = field(default_factory=TripletConfig)

    def seed(self, hits: Hits) -> Seeds:
        """Find seeds among all hits of an event; no hit is in two of them."""
        index = build_index(hits, np.arange(len(hits)))
        parts = [Candidates.empty()]
        for settings in self.config.passes:
            tracks = self._search(hits, index, settings)
            taken = np.zeros(len(hits), dtype=np.bool_)
            taken[tracks.hits] = True
            index = without(index, taken)
            parts.append(tracks)
        found = Candidates.concatenate(parts)
        return Seeds(found.select(found.lengths >= SEED_LENGTH).head(SEED_LENGTH), found)

    def _search(self, hits: Hits, index: HitIndex, settings: TripletPass) -> Candidates:
        c = self.config
        points = np.stack([hits.x[index.row], hits.y[index.row], hits.z[index.row], index.features[:, 3]], axis=1)
        points = points.astype(np.float64)
        layer = hits.layer_index[index.row]
        firsts = np.flatnonzero(np.isin(layer, settings.first_layers))
        cuts = np.array((_CURVATURE / settings.least_pt, c.most_z0, settings.beam_error, settings.pull,
                         c.least_gain, c.missing_cost, c.scattering, c.enough))
        tracks = np.full((len(firsts), LONGEST), -1, dtype=np.int32)
        quality = np.zeros(len(firsts))
        search_all(points, layer, index.starts, index.surfaces, next_layers(settings.skipped), next_layers(1), firsts, cuts, tracks, quality)
        length = (tracks >= 0).sum(axis=1)
        good = (length >= settings.least_hits) & (quality >= settings.least_quality)
        order = np.argsort(-quality[good], kind="stable")
        rows = np.where(tracks >= 0, index.row[tracks], -1)[good][order]
        return resolve(rows, len(hits), settings)


def resolve(rows: Int32Array, n_hits: int, settings: TripletPass) -> Candidates:
    kept = np.zeros(len(rows), dtype=np.bool_)
    _own(rows, np.zeros(n_hits, dtype=np.bool_), settings.most_lost, settings.least_hits, kept)
    return Candidates.from_rows(rows[kept])


@kernel
def _own(rows: Int32Array, taken: Int32Array, most_lost: int, least: int, kept: Int32Array) -> None:
    for i in range(len(rows)):
        lost, left = 0, 0
        for hit in rows[i]:
            if hit >= 0:
                if taken[hit]:
                    lost += 1
                else:
                    left += 1
        if lost > most_lost or left < least:
            continue
        kept[i] = True
        for k in range(rows.shape[1]):
            hit = rows[i, k]
            if hit >= 0:
                if taken[hit]:
                    rows[i, k] = -1
                else:
                    taken[hit] = True
