"""What is measured on an event; names are those of the facts (clew.validation.facts)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from clew.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from clew.detector import Modules
from clew.event import Event, Hits, Particles, Truth
from clew.lookup import NOT_LISTED, find_rows
from clew.metrics.weights import generation, normalised, phase1_weights, phase2_weights
from clew.validation import facts
from clew.validation.moments import Moments, Quantities, moments

__all__ = ["hit_quantities", "module_residuals", "particle_quantities", "residual_quantities"]


def _percent(condition: BoolArray) -> Moments:
    return moments(100.0 * condition)


def collision(particle_id: Int64Array) -> Int64Array:
    """Return the number of each particle's collision; 1 is the hard one."""
    return particle_id >> 52


def particle_quantities(particles: Particles) -> Quantities:
    """Measure a list of particles: how many, their kinds, spectra and numbers of hits."""
    first = generation(particles.particle_id) == 0
    pt, eta, n_hits = particles.pt, np.abs(particles.eta), particles.n_hits
    origin = np.hypot(particles.vertex[:, 0], particles.vertex[:, 1])
    prompt = first & (origin < 1.0)
    return (
        {
            "particles": moments([len(pt)]),
            "soft collisions": moments([collision(particles.particle_id).max(initial=1) - 1]),
            "beam spot sigma z": moments([_half_width(particles.vertex[prompt, 2])]),
            "hits of a particle": moments(n_hits),
            "secondaries": _percent(~first),
            "generation 2 or more": _percent(generation(particles.particle_id) >= 2),
            "positive charge": _percent(particles.charge > 0),
            "pT > 0.1 GeV": _percent(pt > 0.0999),
            "primaries |eta| < 4": _percent(eta[first] < 4.001),
            "hits of primaries beyond |eta| 3": moments(n_hits[first & (eta > 3)]),
        }
        | _n_hits("particles", n_hits, facts.N_HITS)
        | _n_hits("primaries", n_hits[first], facts.N_HITS_PRIMARIES)
        | _n_hits("secondaries", n_hits[~first], facts.N_HITS_SECONDARIES)
        | _without_hits("primaries", pt[first], n_hits[first], facts.WITHOUT_HITS_PRIMARIES)
        | _without_hits("secondaries", pt[~first], n_hits[~first], facts.WITHOUT_HITS_SECONDARIES)
        | _below(facts.PT_PRIMARY_NAME, pt[first], facts.PT_PRIMARIES)
        | _below(facts.PT_SECONDARY_NAME, pt[~first], facts.PT_SECONDARIES)
        | _below(facts.ETA_PRIMARY_NAME, eta[first], facts.ETA_PRIMARIES)
        | _below(facts.ETA_SECONDARY_NAME, eta[~first], facts.ETA_SECONDARIES)
        | _below(facts.ORIGIN_NAME, origin[~first], facts.ORIGIN_RADIUS)
        | _below(facts.ORIGIN_Z_NAME, np.abs(particles.vertex[~first, 2]), facts.ORIGIN_Z)
    )


def _n_hits(kind: str, n_hits: Int32Array, ranges: Iterable[tuple[int, int]]) -> dict[str, Moments]:
    """Measure the shares of particles with so many hits, both ends included."""
    return {
        facts.n_hits_name(kind, low, high): _percent((n_hits >= low) & (n_hits <= high))
        for low, high in ranges
    }


def _without_hits(
    kind: str, pt: Float32Array, n_hits: Int32Array, ranges: Iterable[tuple[float, float]]
) -> dict[str, Moments]:
    """Measure the shares of particles without hits in ranges of transverse momentum [GeV]."""
    return {
        facts.without_hits_name(kind, low, high): _percent(n_hits[(pt >= low) & (pt < high)] == 0)
        for low, high in ranges
    }


def _half_width(z: Float32Array) -> float:
    """Return half the range of the central 68%, 0 of nothing."""
    low, high = np.quantile(z, (0.1587, 0.8413)) if len(z) else (0.0, 0.0)
    return float(high - low) / 2


def _below(name: str, values: Float32Array, limits: Iterable[float]) -> dict[str, Moments]:
    return {name.format(limit): _percent(values < limit) for limit in limits}


def hit_quantities(event: Event) -> Quantities:
    """Measure hits and, where the event has them, cells and truth."""
    found: dict[str, Moments] = {"hits": moments([len(event.hits)])}
    for volumes in facts.HITS_OF_VOLUMES:
        found[facts.hits_of_volumes_name(volumes)] = _percent(np.isin(event.hits.volume, volumes))
    if event.hits.cells is not None:
        found["cells"] = moments([len(event.hits.cells.value)])
    if event.truth is None:
        return found
    noise = event.truth.particle_id == 0
    found["noise hits"] = _percent(noise)
    n_modules = sum(layer.n_modules for layer in event.hits.detector.layers)
    found["noise hits per module"] = moments([np.count_nonzero(noise) / n_modules])
    found |= _layer_quantities(event.hits, event.truth)
    found |= _cell_quantities(event.hits, ~noise)
    if event.particles is not None:
        found |= _weight_quantities(event.truth, event.particles)
        found |= _scattering(event.hits, event.truth, event.particles)
    return found


def _layer_quantities(hits: Hits, truth: Truth) -> Quantities:
    """Measure hits per (particle, layer), and barrel layers without hit between two with one."""
    real = truth.particle_id != 0
    number = np.unique(truth.particle_id[real], return_inverse=True)[1]
    counts = np.zeros((number.max(initial=-1) + 1, len(hits.detector)), dtype=np.int32)
    np.add.at(counts, (number, hits.layer_index[real]), 1)
    met = counts[counts > 0]
    barrel = counts[:, hits.detector.barrel] > 0
    between = barrel[:, :-2] & barrel[:, 2:]
    return {
        "two hits on a layer": _percent(met == 2),
        "three hits on a layer": _percent(met == 3),
        "barrel crossings without hit": _percent(~barrel[:, 1:-1][between]),
    }


def _cell_quantities(hits: Hits, real: BoolArray) -> Quantities:
    if hits.cells is None:
        return {}
    cells = np.diff(hits.cells.offsets)
    by_volume = {
        facts.volume_name("cells per hit", volume): moments(cells[real & (hits.volume == volume)])
        for volume in facts.VOLUMES
    }
    return by_volume | {
        f"hits of more than {facts.LONG_CLUSTER} cells": _percent(cells[real] > facts.LONG_CLUSTER)
    }


def _weight_quantities(truth: Truth, particles: Particles) -> Quantities:
    """Measure the sum of weights, and the share of them that differs from the nearer phase's definition."""
    own = normalised(truth.weight)
    phases = (phase1_weights(truth, particles), phase2_weights(truth, particles))
    share = min(float(np.abs(own - weights).sum()) / 2 for weights in phases)
    return {"sum of weights": moments([truth.weight.sum()]), "weights that differ": moments([100 * share])}


def _scattering(hits: Hits, truth: Truth, particles: Particles) -> Quantities:
    """Measure momentum times the change of the polar angle from one inner barrel layer to the next.

    The field does not change the polar angle; the truth momentum is the one after the module.
    """
    row = find_rows(particles.particle_id, truth.particle_id)
    mine = np.flatnonzero((row != NOT_LISTED) & (hits.volume == 8))
    mine = mine[np.lexsort((hits.r[mine], row[mine]))]
    p = np.linalg.norm(truth.momentum[mine], axis=1).astype(np.float64)
    theta = np.arctan2(
        np.hypot(truth.momentum[mine, 0], truth.momentum[mine, 1]).astype(np.float64), truth.momentum[mine, 2]
    )
    following = (row[mine][1:] == row[mine][:-1]) & (hits.layer[mine][1:] == hits.layer[mine][:-1] + 2)
    kick = 1000 * p[1:] * np.diff(theta)
    inclined = np.abs(np.cos(theta[1:])) > 0.9
    good = following & (p[1:] > 0.3) & (np.abs(kick) < 15)
    return {
        "scattering x p, volume 8, steep": moments(kick[good & ~inclined] ** 2),
        "scattering x p, volume 8, inclined": moments(kick[good & inclined] ** 2),
    }


def module_residuals(hits: Hits, truth: Truth, modules: Modules) -> Float64Array:
    """Return truth minus hit along each module's u and v, shape (n_hits, 2), float64, um."""
    away = truth.position.astype(np.float64) - np.stack([hits.x, hits.y, hits.z], axis=1)
    return 1000 * modules.to_local(modules.rows(hits.volume, hits.layer, hits.module), away)[:, :2]


def residual_quantities(hits: Hits, truth: Truth, residuals: Float64Array) -> Quantities:
    """Measure residuals per volume, squared and their mean; those within five times the expected width."""
    real = truth.particle_id != 0
    found: dict[str, Moments] = {}
    for axis, (name, widths) in enumerate({"du": facts.RESIDUALS_U, "dv": facts.RESIDUALS_V}.items()):
        for volume, (width, _) in widths.items():
            mine = residuals[real & (hits.volume == volume), axis]
            mine = mine[np.abs(mine) < 5 * width]
            found[facts.volume_name(name, volume)] = moments(mine**2)
            if name == "du" and volume in facts.LORENTZ_SHIFT:
                found[facts.volume_name("mean du", volume)] = moments(mine)
    return found
