"""Training of TrackNETv2: true tracks outwards and inwards, of which it learns after each hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import numpy as np

from clew.arrays import Float32Array
from clew.extend.growing.steps import LONGEST, Steps
from clew.extend.growing.targets import residual_variances, split, stack
from clew.extend.growing.trained import motion_record
from clew.extend.recurrent.training import Batch, StepsTask, StepsTrainingConfig
from clew.extend.tracknet.network import WIDTH, TrackNetShape, build_keras_model, layer_kinds, with_kinds
from clew.motion.state import Motion
from clew.networks.losses import ellipse_loss
from clew.records import RecordArray
from clew.settings import Name, within

__all__ = ["TrackNetTask", "TrackNetTrainingConfig", "places"]

_FARTHEST: Final = 30.0  # deviations of the helix; kinked tracks are not to rule the loss
_LEAST_VARIANCE: Final = 1e-12  # mm2, of steps that there are not


@dataclass(frozen=True)
class TrackNetTrainingConfig(StepsTrainingConfig):
    """Settings of a training of TrackNETv2: those of all on steps, and its own.

    Attributes
    ----------
    alpha : float
        What the distance from the centre counts in the loss; the area of the ellipse counts 1 - alpha.
    shape : TrackNetShape
    """

    name: Name = "tracknet"
    alpha: Annotated[float, within(0.001, 0.999)] = 0.9
    shape: TrackNetShape = field(default_factory=TrackNetShape)
    epochs: Annotated[int, within(1, 100_000)] = 12
    batch: Annotated[int, within(1, 100_000)] = 512

    @property
    def motion(self) -> Motion:
        """How tracks deviate from the helix through their last three hits."""
        return super().motion._replace(filtered=False)


def places(targets: RecordArray) -> Float32Array:
    """Return where hits are on their stations, in deviations of the helix, shape (..., 2).

    In the frame of the candidate: curvature and slope count as positive.  `targets` are those of Steps.
    """
    t = split(stack(targets))
    s11, s22 = residual_variances(t)
    along = np.where(t.z1 == 0.0, t.end, 1.0)  # a disc measures along r, which has no mirror image
    across = t.side * t.r1 / np.sqrt(np.maximum(s11, _LEAST_VARIANCE))
    return np.stack([across, along * t.r2 / np.sqrt(np.maximum(s22, _LEAST_VARIANCE))], axis=-1).astype(
        np.float32
    )


@dataclass(frozen=True)
class TrackNetTask(StepsTask[TrackNetTrainingConfig]):
    """Learn the ellipse on each next station in which a true track's hit will be."""

    def record(self) -> dict[str, Any]:
        """Return what reconstruction needs to know, material and settings."""
        c = self.settings()
        about = {"network": "tracknet", "shape": c["shape"], "motion": motion_record(self.config.motion)}
        return about | super().record()

    def build(self) -> tuple[Any, Any]:
        """Return the network and its loss."""
        return build_keras_model(self.config.shape, LONGEST), ellipse_loss(self.config.alpha)

    def example(self, steps: Steps) -> Batch:
        """Return features and queries, and where the hits then were; steps that there are not weigh 0."""
        kinds = layer_kinds(self.detector)
        features = with_kinds(steps.features, steps.last_layer, kinds)
        features = np.pad(features, ((0, 0), (WIDTH - 1, 0), (0, 0)))
        place = np.clip(places(steps.targets), -_FARTHEST, _FARTHEST)
        there = (steps.layer[..., None] >= 0).astype(np.float32)
        query = with_kinds(steps.query, steps.layer, kinds)
        return (features, query), np.concatenate([place, there], axis=-1)
