"""The smoother, from the innermost hit of a filtered track back outwards.

It is that of A. E. Bryson and M. Frazier (1963) in the form that needs no inverse of a covariance (G. J.
Bierman, Automatica 9 (1973) 503): what all hits further in tell of a state is carried outwards as a vector
and a matrix, the adjoint and the information of `Scratch`.
"""

from __future__ import annotations

from typing import Final

from clew.arrays import Float64Array
from clew.kernels import kernel
from clew.motion.measurement import Residual
from clew.motion.state import State
from clew.motion.stepping import Step
from clew.records import RecordArray
from clew.trackfit.filter import Gains, Scratch

__all__ = ["fill", "smooth_outwards"]

_N: Final = 5
_LEAST_SHARE: Final = 0.05
"""Share of a hit's own variance that is left in its residual, below which the track is the hit's alone."""


@kernel(force=True)
def _take_back(a: float, z: float, gains: Gains, scratch: Scratch) -> None:
    """Carry the adjoint from after a residual was learned from to before."""
    vector, m = scratch.adjoint, scratch.information
    g0, g1, g2, g3, g4 = gains.a, gains.p, gains.k, gains.z, gains.s
    dot = g0 * vector[0] + g1 * vector[1] + g2 * vector[2] + g3 * vector[3] + g4 * vector[4]
    change = -gains.left * gains.weight - dot
    vector[0] += a * change
    vector[3] += z * change
    size = gains.weight
    products = scratch.work[0]
    for i in range(_N):
        products[i] = m[i, 0] * g0 + m[i, 1] * g1 + m[i, 2] * g2 + m[i, 3] * g3 + m[i, 4] * g4
    size += g0 * products[0] + g1 * products[1] + g2 * products[2] + g3 * products[3] + g4 * products[4]
    for i in range(_N):
        m[i, 0] -= products[i] * a
        m[i, 3] -= products[i] * z
    for i in range(_N):
        m[0, i] -= a * products[i]
        m[3, i] -= z * products[i]
    m[0, 0] += a * a * size
    m[0, 3] += a * z * size
    m[3, 0] += a * z * size
    m[3, 3] += z * z * size


@kernel(force=True)
def _step_back(step: Step, scratch: Scratch) -> None:
    """Carry the adjoint back over a step: J^T l and J^T M J."""
    vector, m, w = scratch.adjoint, scratch.information, scratch.work
    aa, ap, ak, pa, pk = step.aa, step.ap, step.ak, step.pa, step.pk
    za, zp, zk, sk, arc = step.za, step.zp, step.zk, step.sk, step.arc
    l0, l1, l2, l3, l4 = vector[0], vector[1], vector[2], vector[3], vector[4]
    vector[0] = aa * l0 + pa * l1 + za * l3
    vector[1] = ap * l0 + aa * l1 + zp * l3
    vector[2] = ak * l0 + pk * l1 + l2 + zk * l3 + sk * l4
    vector[4] = arc * l3 + l4
    for i in range(_N):
        m0, m1, m2, m3, m4 = m[i, 0], m[i, 1], m[i, 2], m[i, 3], m[i, 4]
        w[i, 0] = m0 * aa + m1 * pa + m3 * za
        w[i, 1] = m0 * ap + m1 * aa + m3 * zp
        w[i, 2] = m0 * ak + m1 * pk + m2 + m3 * zk + m4 * sk
        w[i, 3], w[i, 4] = m3, m3 * arc + m4
    for j in range(_N):
        w0, w1, w2, w3, w4 = w[0, j], w[1, j], w[2, j], w[3, j], w[4, j]
        m[0, j] = w0 * aa + w1 * pa + w3 * za
        m[1, j] = w0 * ap + w1 * aa + w3 * zp
        m[2, j] = w0 * ak + w1 * pk + w2 + w3 * zk + w4 * sk
        m[3, j], m[4, j] = w3, w3 * arc + w4


@kernel(force=True)
def fill(state: State, matrix: Float64Array) -> None:
    """Write a covariance into a matrix of shape (5, 5)."""
    matrix[0, 0], matrix[0, 1], matrix[0, 2], matrix[0, 3] = state.aa, state.ap, state.ak, state.az
    matrix[0, 4], matrix[1, 1], matrix[1, 2], matrix[1, 3] = state.as_, state.pp, state.pk, state.pz
    matrix[1, 4], matrix[2, 2], matrix[2, 3], matrix[2, 4] = state.ps, state.kk, state.kz, state.ks
    matrix[3, 3], matrix[3, 4], matrix[4, 4] = state.zz, state.zs, state.ss
    for i in range(_N):
        for j in range(i):
            matrix[i, j] = matrix[j, i]


@kernel(force=True)
def _entry(scratch: Scratch, i: int, j: int) -> float:
    """Return an entry of P M P, P being the matrix in `scratch.work`."""
    p, m = scratch.work, scratch.information
    total = 0.0
    for k in range(_N):
        row = (
            p[i, 0] * m[0, k] + p[i, 1] * m[1, k] + p[i, 2] * m[2, k] + p[i, 3] * m[3, k] + p[i, 4] * m[4, k]
        )
        total += row * p[k, j]
    return total


@kernel(force=True)
def _correct(step: Step, scratch: Scratch, state: State) -> tuple[float, float]:
    """Make a predicted state the smoothed one; return by how much it moves across and in z [mm]."""
    fill(state, scratch.work)
    p, vector = scratch.work, scratch.adjoint
    change = scratch.change
    for i in range(_N):
        change[i] = 0.0
        for j in range(_N):
            change[i] -= p[i, j] * vector[j]
    state.x -= change[0] * step.sin
    state.y += change[0] * step.cos
    state.psi += change[1]
    state.kappa += change[2]
    state.z += change[3]
    state.slope += change[4]
    state.aa -= _entry(scratch, 0, 0)
    state.ap -= _entry(scratch, 0, 1)
    state.ak -= _entry(scratch, 0, 2)
    state.az -= _entry(scratch, 0, 3)
    state.as_ -= _entry(scratch, 0, 4)
    state.pp -= _entry(scratch, 1, 1)
    state.pk -= _entry(scratch, 1, 2)
    state.pz -= _entry(scratch, 1, 3)
    state.ps -= _entry(scratch, 1, 4)
    state.kk -= _entry(scratch, 2, 2)
    state.kz -= _entry(scratch, 2, 3)
    state.ks -= _entry(scratch, 2, 4)
    state.zz -= _entry(scratch, 3, 3)
    state.zs -= _entry(scratch, 3, 4)
    state.ss -= _entry(scratch, 4, 4)
    return change[0], change[3]


@kernel(force=True)
def _chi2(residual: Residual, moved: tuple[float, float], used: bool, state: State) -> float:
    """Return chi2 of a hit's residuals against the smoothed state; 0 where they are 0 by construction."""
    a1, z1, a2, z2 = residual.a1, residual.z1, residual.a2, residual.z2
    r1 = residual.r1 - a1 * moved[0] - z1 * moved[1]
    r2 = residual.r2 - a2 * moved[0] - z2 * moved[1]
    sign = -1.0 if used else 1.0
    v1, v2 = residual.e1**2, residual.e2**2
    s11 = v1 + sign * (a1 * a1 * state.aa + 2.0 * a1 * z1 * state.az + z1 * z1 * state.zz)
    s22 = v2 + sign * (a2 * a2 * state.aa + 2.0 * a2 * z2 * state.az + z2 * z2 * state.zz)
    s12 = sign * (a1 * a2 * state.aa + (a1 * z2 + z1 * a2) * state.az + z1 * z2 * state.zz)
    s11, s22 = max(s11, _LEAST_SHARE * v1), max(s22, _LEAST_SHARE * v2)
    determinant = s11 * s22 - s12 * s12
    if determinant < _LEAST_SHARE * s11 * s22:
        return 0.0
    return (r1 * r1 * s22 - 2.0 * r1 * r2 * s12 + r2 * r2 * s11) / determinant


@kernel
def smooth_outwards(scratch: Scratch, n: int, smoothed: RecordArray) -> None:
    """Write the smoothed states at n hits, and into `scratch.chi2` that of each hit against them.

    `smoothed`, shape (n,), of `clew.motion.state.State`, goes inwards as the filter does.
    """
    scratch.adjoint[:] = 0.0
    scratch.information[:] = 0.0
    for k in range(n):
        residual, used = scratch.residuals[k], scratch.used[k]
        if used:
            _take_back(residual.a2, residual.z2, scratch.gains[k, 1], scratch)
            _take_back(residual.a1, residual.z1, scratch.gains[k, 0], scratch)
        smoothed[k] = scratch.predicted[k]
        state, step = smoothed[k], scratch.steps[k]
        moved = _correct(step, scratch, state)
        scratch.chi2[k] = _chi2(residual, moved, used, state)
        _step_back(step, scratch)
