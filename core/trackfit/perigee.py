"""The parameters at the perigee: where a track is closest to the beam line.

Parametrisation, signs and order are those of ACTS: d0 is positive where the perigee is to the left of the
track's direction, so that it lies at d0 (-sin phi, cos phi).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clew.arrays import Float64Array
from clew.kernels import kernel
from clew.motion.matter import go_through
from clew.motion.state import State
from clew.motion.stepping import carry, step_to_line
from clew.trackfit.filter import Ground, Scratch, turn_round

__all__ = ["to_perigee", "write_perigee"]

_SHORTEST: Final = 0.05
"""Least distance of the perigee from the centre of the track's circle, over the radius."""


@kernel(force=True)
def to_perigee(beam: tuple[float, float], ground: Ground, last_layer: int, scratch: Scratch) -> bool:
    """Bring `scratch.states[0]`, which goes inwards, to the beam line, into `scratch.states[1]`, outwards.

    False where it has no perigee there.
    """
    state, target, step = scratch.states[0], scratch.states[1], scratch.spare[0]
    if not step_to_line(state, beam, ground.field, target, step):
        return False
    carry(state, step, target)
    layers = last_layer, -1
    go_through(state, step, ground.matter, ground.field.bending, layers, target)
    turn_round(target, 1.0)
    return True


@kernel(force=True)
def write_perigee(
    state: State,
    beam: tuple[float, float],
    bent: float,
    bending: float,
    work: Float64Array,
    parameters: Float64Array,
    covariance: Float64Array,
) -> bool:
    """Write d0, z0 [mm], phi, theta [rad] and q/p [1/GeV] of a state at its perigee, and their covariance.

    A change of the direction moves the perigee along the track, as it is d0 away from the beam line.

    Parameters
    ----------
    state : State
        At the perigee, going outwards.
    beam : tuple of two floats, mm
        x and y of the beam line.
    bent : float, 1/mm
        Curvature of the track there.
    bending : float, GeV/mm
        Transverse momentum times curvature, at nominal field.
    work : ndarray of shape (5, 5), float64
        Covariance of the state; changed.
    parameters, covariance : ndarray of shapes (5,) and (5, 5)
        Written.

    Returns
    -------
    bool
        False for a circle around the beam line, which has no perigee.
    """
    cos, sin, slope = np.cos(state.psi), np.sin(state.psi), state.slope
    d0 = (state.y - beam[1]) * cos - (state.x - beam[0]) * sin
    curl = 1.0 + bent * d0
    if curl < _SHORTEST:
        return False
    sec2 = 1.0 + slope * slope
    sec = np.sqrt(sec2)
    parameters[0], parameters[1] = d0, state.z
    parameters[2] = np.arctan2(sin, cos)
    parameters[3] = np.arctan2(1.0, slope)
    parameters[4] = -state.kappa / (bending * sec)
    # how the five depend on a, p, k, z, s: rows of the Jacobian, by the few entries that are not 0
    z_p, phi_p, theta_s = -slope * d0 / curl, 1.0 / curl, -1.0 / sec2
    q_k, q_s = -1.0 / (bending * sec), state.kappa * slope / (bending * sec * sec2)
    for i in range(5):
        a, p, k, z, s = work[i, 0], work[i, 1], work[i, 2], work[i, 3], work[i, 4]
        work[i, 0], work[i, 1], work[i, 2] = a, z + z_p * p, phi_p * p
        work[i, 3], work[i, 4] = theta_s * s, q_k * k + q_s * s
    for j in range(5):
        a, p, k, z, s = work[0, j], work[1, j], work[2, j], work[3, j], work[4, j]
        covariance[0, j], covariance[1, j], covariance[2, j] = a, z + z_p * p, phi_p * p
        covariance[3, j], covariance[4, j] = theta_s * s, q_k * k + q_s * s
    return True
