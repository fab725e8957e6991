"""Losses that several tasks may share, each defined once; targets that have weights carry them last."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any, Final, NamedTuple

from keras import ops

__all__ = [
    "ROWS_PER_OBJECT",
    "CondensationTerms",
    "condensation_loss",
    "condensation_terms",
    "ellipse_loss",
    "normal_likelihood",
    "squared_error",
    "weighted_cross_entropy",
]

ROWS_PER_OBJECT: Final = 6
"""Targets of a condensation loss have at least as many rows for each object, padding included."""

_NEAR: Final = 1e-6  # added to squares, as at 0 a root has no gradient


def weighted_cross_entropy(targets: Any, logits: Any) -> Any:
    """Return the binary cross entropy of logits, shape (n,), from targets of (0 or 1, weight), shape (n, 2).

    The weight is 0 for padding.
    """
    truth, weight = targets[:, 0], targets[:, 1]
    logit = logits[:, 0]
    loss = ops.maximum(logit, 0.0) - logit * truth + ops.log1p(ops.exp(-ops.abs(logit)))
    return loss * weight


def ellipse_loss(alpha: float) -> Callable[[Any, Any], Any]:
    """Return the loss of TrackNETv2: hits shall be near the centres of ellipses, and the ellipses small.

    alpha * sqrt((dx / rx)^2 + (dy / ry)^2) + (1 - alpha) * rx * ry, averaged over the steps there are.
    Answers are of shape (n, n_steps, 4): centre and radii; targets of (n, n_steps, 3): place and weight.
    """

    def loss(targets: Any, answers: Any) -> Any:
        off = (targets[..., :2] - answers[..., :2]) / answers[..., 2:]
        distance = ops.sqrt(ops.sum(ops.square(off), axis=-1) + _NEAR)
        lost = alpha * distance + (1.0 - alpha) * answers[..., 2] * answers[..., 3]
        return ops.sum(lost * targets[..., 2]) / ops.sum(targets[..., 2])

    return loss


class CondensationTerms(NamedTuple):
    """The terms of object condensation, scalars; see `condensation_terms`."""

    attractive: Any
    repulsive: Any
    coward: Any
    background: Any


def condensation_loss(
    least_charge: float, attractive: float, repulsive: float, coward: float, background: float
) -> Callable[[Any, Any], Any]:
    """Return the loss of object condensation: its terms (`condensation_terms`), each with its weight."""
    weights = (attractive, repulsive, coward, background)

    def loss(targets: Any, answers: Any) -> Any:
        terms = condensation_terms(targets, answers, least_charge)
        return sum(weight * term for weight, term in zip(weights, terms, strict=True))

    return loss


def condensation_terms(targets: Any, answers: Any, least_charge: float) -> CondensationTerms:
    """Return the terms of J. Kieseler, Object condensation (2020), with the names of gnn_tracking.

    A hit's charge is q = atanh(beta)^2 + least_charge, and an object's hit of most charge is its
    condensation point.  Attractive: mean over the objects' hits of q q_point d^2, beyond d = 1 of 2 d - 1
    instead of d^2, or the few hits far away would drown the others (P. J. Huber, 1964).  Repulsive: mean
    over all hits of the sum over other objects of q q_point max(0, 1 - d).  Coward: mean of 1 - beta of the
    points.  Background: mean beta of hits of no object.

    Parameters
    ----------
    targets : tensor of shape (n, 2)
        Object of each hit from 0, less for none; 1 for a hit, 0 for padding.  There is no object from
        n // ROWS_PER_OBJECT on.
    answers : tensor of shape (n, 1 + coordinates)
        Log odds of beta, and coordinates.
    least_charge : float
    """
    n = ops.shape(answers)[0] // ROWS_PER_OBJECT
    real, logit = targets[:, 1], answers[:, 0]
    member = real * ops.cast(targets[:, 0] >= 0, real.dtype)
    own = ops.cast(ops.where(member > 0, targets[:, 0], ops.cast(n, real.dtype)), "int32")
    beta = ops.sigmoid(logit)
    charge = ops.square(0.5 * ops.softplus(logit + log(2.0))) + least_charge  # 2 atanh(b) = log(1 + 2 e^x)
    # distances are differences of large squares: nearer to the origin they are rounded less
    places = answers[:, 1:]
    places = places - ops.sum(real[:, None] * places, axis=0) / ops.sum(real)
    rows = ops.concatenate([places, charge[:, None], beta[:, None]], axis=1)
    points, exists = _condensation_points(rows, logit, own, member, n)
    place, point_charge, point_beta = points[:, :-2], points[:, -2], points[:, -1]
    off = ops.sqrt(ops.sum(ops.square(places - ops.take(place, own, axis=0)), axis=1) + _NEAR)
    off = ops.where(off > 1.0, 2.0 * off - 1.0, ops.square(off))
    pull = member * charge * ops.take(point_charge, own) * off
    hinge = ops.relu(1.0 - _distances(places, place)) * ops.cast(
        own[:, None] != ops.arange(n + 1, dtype="int32"), real.dtype
    )
    push = real * charge * ops.matmul(hinge, (exists * point_charge)[:, None])[:, 0]
    noise = real * (1.0 - member)
    return CondensationTerms(
        ops.sum(pull) / ops.maximum(ops.sum(member), 1.0),
        ops.sum(push) / ops.sum(real),
        ops.sum(exists * (1.0 - point_beta)) / ops.maximum(ops.sum(exists), 1.0),
        ops.sum(noise * beta) / ops.maximum(ops.sum(noise), 1.0),
    )


def _condensation_points(rows: Any, logit: Any, own: Any, member: Any, n: Any) -> tuple[Any, Any]:
    """Return the row of each object's hit of highest log odds, the mean if several are, and if it exists.

    The last of the n + 1 objects stands for hits of none and does not exist.
    """
    best = ops.segment_max(logit, own, num_segments=n + 1)
    chosen = member * ops.cast(logit >= ops.take(best, own), member.dtype)
    parts = ops.concatenate([chosen[:, None] * rows, chosen[:, None]], axis=1)
    total = ops.segment_sum(parts, own, num_segments=n + 1)
    return total[:, :-1] / ops.maximum(total[:, -1:], 1.0), ops.minimum(total[:, -1], 1.0)


def _distances(rows: Any, points: Any) -> Any:
    """Return the distances between rows and points, shape (n_rows, n_points)."""
    squares = ops.sum(ops.square(rows), axis=1)[:, None] + ops.sum(ops.square(points), axis=1)
    squares = squares - 2.0 * ops.matmul(rows, ops.transpose(points))
    return ops.sqrt(ops.maximum(squares, 0.0) + _NEAR)


def squared_error(targets: Any, answers: Any) -> Any:
    """Return the mean squared error of answers, shape (n, m) as the targets."""
    return ops.mean(ops.square(targets - answers), axis=-1)


def normal_likelihood(targets: Any, answers: Any) -> Any:
    """Return the negative logarithm of a normal likelihood with a diagonal covariance, without its constant.

    Answers are of shape (n, 2 m): m means and the logarithms of m deviations; targets of (n, m).  The mean
    over the m numbers.
    """
    m = targets.shape[-1]
    spread = ops.clip(answers[:, m:], -8.0, 8.0)
    pulls = (targets - answers[:, :m]) * ops.exp(-spread)
    return ops.mean(0.5 * ops.square(pulls) + spread, axis=-1)
