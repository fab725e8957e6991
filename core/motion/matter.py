"""What the material between two places does to a state: scattering, energy loss, and layers without a hit."""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.detector.material import highland_angle
from clew.detector.matter import MatterMap, Obstacle
from clew.kernels import kernel
from clew.motion.state import State
from clew.motion.stepping import Step
from clew.records import RecordArray

__all__ = ["PION_MASS", "go_through"]

PION_MASS: Final = 0.13957  # GeV; most particles are pions
_STRAGGLING: Final = 0.25
"""Spread of the energy loss in one slab over its mean."""

_FLATTEST: Final = 0.05
"""Least cosine to the normal at which a slab is crossed."""

_INSIDE: Final = 5.0
"""mm from the edges of a layer: a track that crosses it there should leave a hit."""

_LEAST_KAPPA: Final = 1e-9


@kernel(force=True)
def _first(obstacles: RecordArray, position: float) -> int:
    """Return the first obstacle beyond a position."""
    begin, end = 0, len(obstacles)
    while begin < end:
        middle = (begin + end) >> 1
        if obstacles[middle].position <= position:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel(force=True)
def _cross(
    slab: Obstacle, thickness: float, ahead: float, bending: float, step: Step, loss: float, state: State
) -> None:
    """Let a state at the end of a step know that it crossed a slab at an arc `ahead` [mm] before it.

    Inwards: what was lost is given back.
    """
    sec2 = 1.0 + state.slope**2
    momentum = bending * np.sqrt(sec2) / max(abs(state.kappa), _LEAST_KAPPA)
    energy = np.sqrt(momentum**2 + PION_MASS**2)
    beta = momentum / energy
    theta = highland_angle(thickness, momentum, beta)
    lost = loss * thickness / beta**3 / momentum  # dp = dE / beta, and dE goes with 1 / beta²
    change = -state.kappa * lost / (1.0 + lost)
    # what a change of the curvature does until the end
    turns = step.bent / np.copysign(max(abs(state.kappa), _LEAST_KAPPA), state.kappa) * ahead
    moves = 0.5 * turns * ahead
    state.kappa += change
    aside = moves * change
    state.x -= aside * step.sin
    state.y += aside * step.cos
    state.psi += turns * change
    aslant, tilted = theta * theta * sec2, (theta * sec2) ** 2
    state.aa += ahead * ahead * aslant
    state.ap += ahead * aslant
    state.pp += aslant
    state.zz += ahead * ahead * tilted
    state.zs += ahead * tilted
    state.ss += tilted
    # at the same momentum a track of another slope has another curvature
    steeper = state.kappa * state.slope / sec2
    spread = steeper * steeper * tilted + (_STRAGGLING * change) ** 2
    state.aa += moves * moves * spread
    state.ap += moves * turns * spread
    state.ak += moves * spread
    state.pp += turns * turns * spread
    state.pk += turns * spread
    state.kk += spread
    both = steeper * tilted
    state.ks += both
    state.kz += both * ahead
    state.as_ += moves * both
    state.az += moves * both * ahead
    state.ps += turns * both
    state.pz += turns * both * ahead


@kernel(force=True)
def go_through(
    start: State, step: Step, matter: MatterMap, bending: float, layers: tuple[int, int], state: State
) -> int:
    """Widen a state at the end of a step inwards by what it went through; return the holes on the way.

    Parameters
    ----------
    start : State
        Where the step began; the way from there is taken as straight.
    step : Step
    matter : MatterMap
    bending : float, GeV/mm
        Transverse momentum times curvature.
    layers : tuple of two ints
        Those of begin and end, which are no holes; -1 for none.
    state : State
        At the end; changed.
    """
    r0, r1 = np.sqrt(start.x**2 + start.y**2), np.sqrt(state.x**2 + state.y**2)
    z0, z1 = start.z, state.z
    arc, slope = step.arc, state.slope
    sec = np.sqrt(1.0 + slope * slope)
    holes = 0
    cylinders = matter.cylinders
    for k in range(_first(cylinders, min(r0, r1)), len(cylinders)):
        slab = cylinders[k]
        if slab.position > max(r0, r1):
            break
        share = (slab.position - r0) / (r1 - r0)
        z = z0 + share * (z1 - z0)
        if abs(z) > slab.high:
            continue
        if slab.radiation_lengths > 0.0:
            x, y = start.x + share * (state.x - start.x), start.y + share * (state.y - start.y)
            cosine = abs(x * step.cos + y * step.sin) / np.sqrt(x * x + y * y)
            thickness = slab.radiation_lengths * sec / max(cosine, _FLATTEST)
            if slab.even:
                thickness *= slab.position / np.sqrt(slab.position**2 + z * z)
            _cross(slab, thickness, (1.0 - share) * arc, bending, step, matter.energy_loss, state)
        if slab.layer >= 0 and abs(z) < slab.high - _INSIDE:
            holes += slab.layer != layers[0] and slab.layer != layers[1]
    discs = matter.discs
    for k in range(_first(discs, min(z0, z1)), len(discs)):
        slab = discs[k]
        if slab.position > max(z0, z1):
            break
        share = (slab.position - z0) / (z1 - z0)
        r = r0 + share * (r1 - r0)
        if not slab.low <= r <= slab.high:
            continue
        if slab.radiation_lengths > 0.0:
            thickness = slab.radiation_lengths * sec / max(abs(slope), _FLATTEST)
            _cross(slab, thickness, (1.0 - share) * arc, bending, step, matter.energy_loss, state)
        if slab.layer >= 0 and slab.low + _INSIDE < r < slab.high - _INSIDE:
            holes += slab.layer != layers[0] and slab.layer != layers[1]
    return holes
