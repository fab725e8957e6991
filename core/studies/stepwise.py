"""The study of SPRACE: networks that read four hits and predict the next, rolled out along true tracks.

Tracks are chosen as published: pT > 1 GeV, |phi| < 0.5, exactly ten hits.  Their first four hits are given;
six steps follow, each from the hits found before, and at each all hits of the event are candidates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from tqdm import tqdm

from clew.arrays import BoolArray, Float64Array
from clew.extend.stepwise.extender import shipped_network
from clew.extend.stepwise.network import StepwiseNetwork
from clew.extend.stepwise.regions import ETA_RANGES, RegionConfig
from clew.extend.weights import available_weights
from clew.io import EventSource, read_event
from clew.metrics.rates import ratio
from clew.metrics.regression import RegressionScores
from clew.plots.stepwise import draw_distributions, draw_hits, draw_predicted, draw_pulls
from clew.studies.rollout import FARTHEST, Course, Predicted, predict_next, roll_out

__all__ = ["HELIX_ALONE", "PICTURED", "REGION", "networks", "run"]

REGION: Final = RegionConfig(most_phi=0.5, least_pt=1.0, hits=10)
"""The published choice of tracks; the eta regions are reported apart."""

PICTURED: Final = "step-lstm-gaussian"
"""The network whose predictions are drawn."""

HELIX_ALONE: Final = "helix alone"
"""What the pictured network is called with all its weights at zero: only its local coordinates are left."""

_STRAY: Final = 5.0
"""Pulls farther off are not the tracks' own: the particle went elsewhere."""

_PULLS: Final = {
    "local": ("across", "along", "ahead"),
    "cylindrical": ("r", "phi", "z"),
    "cartesian": ("x", "y", "z"),
}


@dataclass(frozen=True)
class _Followed:
    """One network on the tracks of one event or more: which hits of rollouts are right, and predictions."""

    right: dict[str, BoolArray]
    predicted: Predicted

    @property
    def complete(self) -> dict[str, BoolArray]:
        """Tracks of which all hits are right, by distance."""
        return {distance: np.asarray(right.all(axis=1)) for distance, right in self.right.items()}


def networks() -> list[str]:
    """Return the names of the shipped networks that go step by step."""
    return [name for name in available_weights() if name.startswith("step-")]


def run(sources: Sequence[EventSource], folder: Path, samples: int | None = None) -> str:
    """Follow the tracks of all events, or `samples` of them, with each network; see `clew.studies.Study`."""
    chosen = {name: shipped_network(name) for name in networks()}
    chosen[HELIX_ALONE] = _silenced(chosen[PICTURED])
    eta: list[Float64Array] = []
    followed: dict[str, list[_Followed]] = {name: [] for name in chosen}
    for source in tqdm(sources, desc="stepwise", unit="event", disable=None, leave=False):
        left = None if samples is None else samples - sum(map(len, eta))
        if left == 0:
            break
        course = Course.of(read_event(source), REGION, left)
        eta.append(course.abs_eta)
        for name, network in chosen.items():
            followed[name].append(_follow(course, network))
        if len(eta) == 1:
            predicted = followed[PICTURED][0].predicted
            draw_hits(course.points, predicted.true, predicted.points, folder / "stepwise-hits.png")
    together = {name: _join(parts) for name, parts in followed.items()}
    _draw(together[PICTURED].predicted, folder)
    return "\n".join(_report(chosen, together, np.concatenate(eta), len(eta))) + "\n"


def _silenced(network: StepwiseNetwork) -> StepwiseNetwork:
    """Return a network whose outputs are all zero: no deviation from the helix, and the expected errors."""
    return replace(network, arrays=[np.zeros_like(array) for array in network.arrays])


def _follow(course: Course, network: StepwiseNetwork) -> _Followed:
    true = course.rows[:, -course.n_steps :]
    right = {distance: roll_out(course, network, distance) == true for distance in FARTHEST}
    return _Followed(right, predict_next(course, network))


def _join(parts: Sequence[_Followed]) -> _Followed:
    right = {distance: np.concatenate([part.right[distance] for part in parts]) for distance in FARTHEST}
    return _Followed(right, Predicted.concatenate([part.predicted for part in parts]))


def _draw(predicted: Predicted, folder: Path) -> None:
    draw_predicted(predicted.true, predicted.points, folder / "stepwise-predicted.png")
    draw_distributions(predicted.true, predicted.points, folder / "stepwise-distributions.png")
    pulls = predicted.pulls[~np.isnan(predicted.pulls[:, 0])]
    draw_pulls(pulls, _PULLS["local"], folder / "stepwise-pulls.png")


def _report(
    chosen: dict[str, StepwiseNetwork], together: dict[str, _Followed], eta: Float64Array, n_events: int
) -> Iterator[str]:
    yield f"pT > {REGION.least_pt:g} GeV, |phi| < {REGION.most_phi:g}, exactly {REGION.hits} hits"
    yield f"events {n_events}, tracks {len(eta)}, candidates: all hits of the event"
    yield ""
    yield f"{'all hits right, %':<32}" + "".join(f"{distance:>13}" for distance in FARTHEST)
    for name, followed in together.items():
        yield f"{name:<32}" + "".join(f"{100 * c.mean():13.1f}" for c in followed.complete.values())
    for name, followed in together.items():
        yield ""
        yield from _report_network(name, chosen[name].record, followed, eta)


def _report_network(
    name: str, record: Mapping[str, Any], followed: _Followed, eta: Float64Array
) -> Iterator[str]:
    config = record["config"]
    size = "no network" if name == HELIX_ALONE else f"{config['network']}, {record['parameters']} parameters"
    yield f"model name            {name} ({size})"
    yield f"coordinates           {config['coordinates']}, scaled: {config['scaling']}"
    yield f"tracks                {len(eta)}"
    for distance, right in followed.right.items():
        listed = ", ".join(f"{column.sum()} ({100 * column.mean():.2f}%)" for column in right.T)
        yield f"correct hits per layer ({distance}): {listed}"
    for distance, complete in followed.complete.items():
        total = f"{complete.sum()} of {len(eta)} ({100 * ratio(complete.sum(), len(eta)):.1f}%)"
        yield f"reconstructed tracks ({distance}): {total}; {_by_region(complete, eta)}"
    yield from _scores(followed.predicted)
    yield from _pulls(followed.predicted, _PULLS[config["coordinates"]])


def _by_region(complete: BoolArray, eta: Float64Array) -> str:
    parts = []
    for name, (low, high) in ETA_RANGES.items():
        inside = complete[(eta >= low) & (eta < high)]
        if name != "all":
            parts.append(f"{name} {inside.sum()} of {len(inside)}")
    return ", ".join(parts)


def _scores(predicted: Predicted) -> Iterator[str]:
    everything = np.ones(len(predicted.number), dtype=np.bool_)
    yield f"regression scores in x, y, z [mm], from true hits: {_score_line(predicted, everything)}"
    for number in np.unique(predicted.number):
        yield f"  layer {number + 1:2d}            {_score_line(predicted, predicted.number == number)}"


def _score_line(predicted: Predicted, chosen: BoolArray) -> str:
    scores = RegressionScores.of(predicted.true[chosen], predicted.points[chosen])
    return f"R2 {scores.r2:.5f}, MSE {scores.mse:.3f}, RMSE {scores.rmse:.3f}, MAE {scores.mae:.3f}"


def _pulls(predicted: Predicted, names: tuple[str, str, str]) -> Iterator[str]:
    pulls = predicted.pulls[~np.isnan(predicted.pulls[:, 0])]
    if not len(pulls):
        return
    for name, values in zip(names, pulls.T, strict=True):
        near = values[np.abs(values) < _STRAY]
        low, high = np.quantile(values, (0.1587, 0.8413))
        far = f"beyond {_STRAY:g} {100 * (1 - len(near) / len(values)):.2f}%"
        yield (
            f"pulls, {name:<8}       mean {near.mean():.3f}, deviation {near.std():.3f}, {far}, "
            f"half of the central 68% {(high - low) / 2:.3f}"
        )
