"""A trained network with its coordinates: queries in, predictions out, without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from clew.arrays import Float32Array, Float64Array, Int32Array
from clew.errors import InputError
from clew.event import Hits
from clew.extend.stepwise.coordinates import (
    N_COORDINATES,
    Coordinates,
    CoordinatesName,
    Queries,
    make_coordinates,
)
from clew.extend.stepwise.networks import NetworkShape, array_shapes, outputs
from clew.extend.stepwise.scaling import Scaling
from clew.networks.ops import NumpyOps
from clew.networks.rows import by_rows
from clew.networks.shipped import TrainedNetwork, load_network
from clew.tracks import Predictions

__all__ = ["Outputs", "Scaled", "StepwiseNetwork", "StepwiseRecord", "TrainedIn"]

Outputs = tuple[Float64Array, Float64Array | None]
"""Means and, of a Gaussian network, standard deviations, shape (n, 3) each, in the outputs' units."""


@dataclass(frozen=True)
class Scaled:
    """Coordinates as a network sees them."""

    coordinates: Coordinates
    scaling: Scaling

    def inputs(self, queries: Queries) -> Float32Array:
        """Return the network's inputs, shape (n, WINDOW, n_features)."""
        inputs = queries.features.astype(np.float32)
        inputs[..., :N_COORDINATES] = self.scaling.apply(queries.features[..., :N_COORDINATES])
        return inputs

    def targets(self, targets: Float64Array) -> Float32Array:
        """Return targets as the network is to predict them, shape (n, 3)."""
        return self.scaling.apply(targets) if self.coordinates.are_places else targets.astype(np.float32)

    def outputs(self, scaled: Float32Array) -> Outputs:
        """Return what a network's outputs mean, in their units."""
        means = scaled[:, :N_COORDINATES]
        gaussian = scaled.shape[1] > N_COORDINATES
        sigmas = np.exp(scaled[:, N_COORDINATES:]) if gaussian else None
        if self.coordinates.are_places:
            return self.scaling.invert(means), None if sigmas is None else self.scaling.widths(sigmas)
        return means.astype(np.float64), None if sigmas is None else sigmas.astype(np.float64)


@dataclass(frozen=True)
class TrainedIn:
    """Of the settings of a training, what reconstruction needs to know."""

    coordinates: CoordinatesName


@dataclass(frozen=True)
class StepwiseRecord:
    """What the record of a network tells."""

    shape: NetworkShape
    scaling: Scaling
    config: TrainedIn

    def __post_init__(self) -> None:
        n = make_coordinates(self.config.coordinates).n_features
        if self.shape.n_inputs != n:
            raise InputError(f"shape.n_inputs is {self.shape.n_inputs}: {self.config.coordinates} has {n}")


@dataclass(frozen=True)
class StepwiseNetwork(TrainedNetwork[StepwiseRecord]):
    """A trained network, ready to predict next hits without Keras."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read weights; raises InputError for a damaged file or another network's."""
        return cls(*load_network(path, "stepwise", StepwiseRecord, lambda told: array_shapes(told.shape)))

    @property
    def scaled(self) -> Scaled:
        """What it reads."""
        return Scaled(make_coordinates(self.about.config.coordinates), self.about.scaling)

    def outputs(self, queries: Queries) -> Outputs:
        """Return what the network makes of queries that its coordinates make."""
        compute = partial(outputs, self.about.shape, self.arrays, ops=NumpyOps())
        return self.scaled.outputs(by_rows(compute, self.scaled.inputs(queries)))

    def predict(self, hits: Hits, windows: Int32Array) -> Predictions:
        """Predict the next hit of windows of shape (n, WINDOW), outwards; NaN where none is expected.

        In local coordinates a second prediction is for the layer behind, should there be no hit on the next.
        """
        coordinates = self.scaled.coordinates
        steps = [self.predict_crossing(hits, windows, k) for k in range(coordinates.crossings)]
        points = np.concatenate([step.points for step in steps], axis=1)
        sigmas = [step.sigmas for step in steps if step.sigmas is not None]
        return Predictions(points, np.concatenate(sigmas, axis=1) if sigmas else None)

    def predict_crossing(self, hits: Hits, windows: Int32Array, skipped: int) -> Predictions:
        """Predict the hit on the next layer, or on one after so many others."""
        coordinates = self.scaled.coordinates
        queries = coordinates.query(hits, windows, np.full(len(windows), skipped, dtype=np.int32))
        predictions = coordinates.predict(queries, *self.outputs(queries))
        predictions.points[~queries.valid] = np.nan
        return predictions
