"""What a network thinks of true and of false edges, and what a threshold keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clew.arrays import BoolArray, Float32Array
from clew.plots.figure import COLOURS, new_figure, plain, save

__all__ = ["draw_edge_scores"]


def draw_edge_scores(scores: Float32Array, truth: BoolArray, path: Path | str) -> Path:
    """Draw the scores of true and false edges, and purity and efficiency against the threshold.

    Parameters
    ----------
    scores : ndarray of shape (n_edges,), float32
    truth : ndarray of shape (n_edges,), bool
    path : path
        The PNG file; replaced.
    """
    figure = new_figure(11, 4.5)
    left, right = (plain(axes) for axes in figure.subplots(1, 2))
    edges = np.linspace(0.0, 1.0, 51)
    for chosen, label, colour in ((truth, "true", COLOURS[0]), (~truth, "false", COLOURS[5])):
        left.hist(scores[chosen], edges.tolist(), histtype="step", color=colour, label=label, linewidth=1.4)
    left.set(xlabel="score", ylabel="edges", yscale="log")
    left.legend(frameon=False)
    thresholds = edges[:-1]
    kept_true, kept = (np.histogram(part, edges)[0][::-1].cumsum()[::-1] for part in (scores[truth], scores))
    right.plot(thresholds, kept_true / np.maximum(kept, 1), color=COLOURS[1], label="purity")
    right.plot(thresholds, kept_true / max(1, int(truth.sum())), color=COLOURS[0], label="efficiency")
    right.set(xlabel="threshold", ylabel="of edges", ylim=(0.9, 1.002))
    right.legend(frameon=False)
    return save(figure, path)
