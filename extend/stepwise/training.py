"""Training of the networks that go step by step, on windows of true tracks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final

import numpy as np

from clew.errors import InputError
from clew.extend.stepwise.coordinates import N_COORDINATES, CoordinatesName, make_coordinates
from clew.extend.stepwise.network import Scaled
from clew.extend.stepwise.networks import NetworkName, NetworkShape, build_keras_model
from clew.extend.stepwise.regions import RegionConfig, chosen_tracks
from clew.extend.stepwise.scaling import Scaling, ScalingName
from clew.extend.stepwise.windows import TrueWindows, windows_along
from clew.learning.batches import Data, DrawnTask
from clew.networks.keras import compile_model
from clew.settings import Name, within
from clew.tracksets import Tracks

__all__ = ["StepwiseTask", "StepwiseTrainingConfig"]

_SCALED_BY: Final = 5  # events, at most, from which the scaling is taken


@dataclass(frozen=True)
class StepwiseTrainingConfig:
    """Settings of a training.

    Attributes
    ----------
    name : str
        What the weights are called.
    network : str
        One of `clew.extend.stepwise.networks.NETWORKS`.
    units : int
        Of each hidden layer.
    coordinates : "local", "cylindrical" or "cartesian"
        See clew.extend.stepwise.coordinates.
    scaling : "standard" or "min-max"
        Of the three coordinates, by what the training tracks show.
    farthest : float
        Windows whose target lies farther than this many units are not learnt from: the particle went
        elsewhere.  Units are expected deviations in local coordinates, else those of the scaling.
    skipping : float
        Fraction of the windows whose target is on the layer behind the next (local coordinates only).
    region : RegionConfig
        Which tracks are used.
    epochs, patience : int
        Epochs at most, and without a better validation loss.
    windows, held_out : int
        Windows per epoch; of the validation tracks, and of the test tracks, that are measured.
    batch : int
        Windows per step.
    learning_rate : float
        Of Nadam, at the start.
    seed : int
    """

    name: Name = "step-lstm-gaussian"
    network: NetworkName = "lstm-gaussian"
    units: Annotated[int, within(1, 1024)] = 32
    coordinates: CoordinatesName = "local"
    scaling: ScalingName = "standard"
    farthest: Annotated[float, within(0.1, 1e6)] = 10.0
    skipping: Annotated[float, within(0, 1)] = 0.2
    region: RegionConfig = field(default_factory=RegionConfig)
    epochs: Annotated[int, within(1, 100_000)] = 12
    patience: Annotated[int, within(1, 100_000)] = 6
    windows: Annotated[int, within(1, 100_000_000)] = 400_000
    held_out: Annotated[int, within(1, 1_000_000)] = 50_000
    batch: Annotated[int, within(1, 100_000)] = 512
    learning_rate: Annotated[float, within(1e-8, 1)] = 0.003
    seed: Annotated[int, within(0, 2**32 - 1)] = 1


@dataclass(frozen=True)
class StepwiseTask(DrawnTask[StepwiseTrainingConfig]):
    """Learn where the hit after four others is; see `clew.learning.Task`."""

    @property
    def name(self) -> str:
        """What the weights are called."""
        return self.config.name

    @property
    def wanted(self) -> str:
        """What the task needs."""
        return "track of the region with five hits or more"

    @property
    def shape(self) -> NetworkShape:
        """The network's size."""
        config = self.config
        return NetworkShape(config.network, make_coordinates(config.coordinates).n_features, config.units)

    @cached_property
    def scaled(self) -> Scaled:
        """The coordinates, scaled by what the first training tracks show."""
        coordinates = make_coordinates(self.config.coordinates)
        values = []
        for number in range(min(_SCALED_BY, len(self.tracks))):
            tracks = self.tracks[number]
            rows = self._windows(tracks).rows
            queries = coordinates.query(tracks.hits, rows, np.zeros(len(rows), dtype=np.int32))
            values.append(queries.features[queries.valid, :, :N_COORDINATES].reshape(-1, N_COORDINATES))
        if not sum(map(len, values)):
            raise InputError(f"the track sets hold no {self.wanted}: train on larger events")
        return Scaled(coordinates, Scaling.fit(self.config.scaling, np.concatenate(values)))

    def record(self) -> dict[str, Any]:
        """Return what reconstruction needs to know, settings and material."""
        about = {"network": "stepwise", "shape": asdict(self.shape), "scaling": self.scaled.scaling.write()}
        return about | super().record()

    def compiled_model(self) -> Any:
        """Return the network with Nadam."""
        from clew.networks.losses import normal_likelihood, squared_error

        loss = normal_likelihood if self.shape.gaussian else squared_error
        return compile_model(build_keras_model(self.shape), loss, self.config.learning_rate, self.steps)

    def take(self, tracks: Tracks, rng: np.random.Generator, most: int) -> Data:
        """Return at most so many windows whose target is known, as the network sees them."""
        windows = self._windows(tracks)
        chosen = np.sort(rng.permutation(len(windows.rows))[:most])
        rows, following = windows.rows[chosen], windows.following[chosen]
        coordinates = self.scaled.coordinates
        skips = (coordinates.crossings > 1) & (rng.random(len(rows)) < self.config.skipping)
        queries = coordinates.query(tracks.hits, rows, skips.astype(np.int32))
        found, known = coordinates.targets(tracks.hits, rows, queries, following)
        inputs, targets = self.scaled.inputs(queries), self.scaled.targets(found)
        known &= queries.valid & (np.abs(targets) < self.config.farthest).all(axis=1)
        return inputs[known], targets[known]

    def _windows(self, tracks: Tracks) -> TrueWindows:
        return windows_along(tracks, chosen_tracks(tracks, self.config.region))
