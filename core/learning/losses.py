"""Losses that several tasks may share, each defined once; targets carry their weights in the last column."""

from __future__ import annotations

from typing import Any

from keras import ops

__all__ = ["weighted_cross_entropy"]


def weighted_cross_entropy(targets: Any, logits: Any) -> Any:
    """Return the binary cross entropy of logits, shape (n,), from targets of (0 or 1, weight), shape (n, 2).

    The weight is 0 for padding.
    """
    truth, weight = targets[:, 0], targets[:, 1]
    logit = logits[:, 0]
    loss = ops.maximum(logit, 0.0) - logit * truth + ops.log1p(ops.exp(-ops.abs(logit)))
    return loss * weight
