"""The challenge's hit weights of data frames, recomputed from the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clew.arrays import Float64Array, Int64Array
from clew.lookup import find_rows
from clew.metrics.weights import WeightFactors, generation, normalised, weight_factors
from clew.trackml.frames import require_columns, require_unique
from clew.trackml.utils import decode_particle_id

__all__ = ["weight_hits_phase1", "weight_hits_phase2"]


def weight_hits_phase1(truth: pd.DataFrame, particles: pd.DataFrame) -> pd.DataFrame:
    """Weigh each hit as in the challenge's accuracy phase.

    Parameters
    ----------
    truth : DataFrame
        Columns hit_id, particle_id and tz [mm].
    particles : DataFrame
        Columns particle_id, vz [mm], px, py [GeV] and nhits.

    Returns
    -------
    DataFrame
        The rows of `truth` with the columns particle_nhits, weight_pt, ihit (place along the particle, from
        0), weight_order and weight, which sums to 1.  Hits of noise and of unlisted particles have zeros.

    Raises
    ------
    InputError
        If a column is missing, a particle occurs twice or has more hits than its nhits says.
    """
    rows, factors = _factors(truth, particles)
    return _weighted(_with_particles(truth, factors), factors, np.ones(len(rows)))


def weight_hits_phase2(truth: pd.DataFrame, particles: pd.DataFrame) -> pd.DataFrame:
    """Weigh each hit as in the challenge's throughput phase, where only particles of generation 0 count.

    Parameters and errors are those of `weight_hits_phase1`; the result has the columns of
    `decode_particle_id` too, which are NaN for hits of no listed particle.
    """
    rows, factors = _factors(truth, particles)
    hits = _with_particles(truth, factors)
    decoded = decode_particle_id(particles[["particle_id"]].reset_index(drop=True))
    of_hits = decoded.drop(columns="particle_id").reindex(rows).reset_index(drop=True)
    hits[list(of_hits.columns)] = of_hits
    prompt = generation(hits["particle_id"].to_numpy(dtype=np.int64)) == 0
    return _weighted(hits, factors, prompt.astype(np.float64))


def _factors(truth: pd.DataFrame, particles: pd.DataFrame) -> tuple[Int64Array, WeightFactors]:
    """Return for each hit the row of its particle and what its weight is made of."""
    require_columns(truth, ("hit_id", "particle_id", "tz"), "truth")
    require_columns(particles, ("particle_id", "vz", "px", "py", "nhits"), "particles")
    require_unique(particles, "particle_id", "particles")
    listed = particles["particle_id"].to_numpy(dtype=np.int64)
    rows = find_rows(listed, truth["particle_id"].to_numpy(dtype=np.int64))
    pt = np.hypot(particles["px"].to_numpy(), particles["py"].to_numpy())
    n_hits = particles["nhits"].to_numpy(dtype=np.int32)
    return rows, weight_factors(rows, truth["tz"].to_numpy(), particles["vz"].to_numpy(), pt, n_hits)


def _with_particles(truth: pd.DataFrame, factors: WeightFactors) -> pd.DataFrame:
    hits = truth.reset_index(drop=True)
    hits["particle_nhits"] = factors.n_hits
    hits["weight_pt"] = factors.pt
    return hits


def _weighted(hits: pd.DataFrame, factors: WeightFactors, counted: Float64Array) -> pd.DataFrame:
    hits["ihit"] = factors.rank
    hits["weight_order"] = factors.order
    hits["weight"] = normalised(factors.pt * factors.order * counted)
    return hits
