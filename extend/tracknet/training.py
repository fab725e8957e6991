"""Training of TrackNETv2: all prefixes of true tracks, outwards and inwards, as it answers after each hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from clew.arrays import Float32Array
from clew.errors import ConfigError
from clew.extend.growing.steps import LONGEST, Steps
from clew.extend.recurrent.training import Batch, StepsTask, StepsTrainingConfig
from clew.extend.tracknet.network import WIDTH, TrackNetShape, at_station, build_keras_model
from clew.motion.state import Motion
from clew.networks.losses import ellipse_loss

__all__ = ["TrackNetTask", "TrackNetTrainingConfig", "places"]

_FARTHEST: Final = 30.0  # deviations of the helix; kinked tracks are not to rule the loss


@dataclass(frozen=True)
class TrackNetTrainingConfig(StepsTrainingConfig):
    """Settings of a training of TrackNETv2: those of all on steps, and its own.

    Attributes
    ----------
    alpha : float
        What the distance from the centre counts in the loss; the area of the ellipse counts 1 - alpha.
    shape : TrackNetShape
    """

    name: str = "tracknet"
    alpha: float = 0.9
    shape: TrackNetShape = field(default_factory=TrackNetShape)
    epochs: int = 12
    batch: int = 512

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ConfigError(f"tracknet: alpha is {self.alpha}: it must be between 0 and 1")

    @property
    def motion(self) -> Motion:
        """How tracks deviate from the helix through their last three hits."""
        return super().motion._replace(filtered=False)


def places(found: Float32Array) -> Float32Array:
    """Return where hits are on their stations, in deviations of the helix, shape (..., 2).

    In the frame of the candidate: curvature and slope count as positive.  `found` is that of Steps.
    """
    r1, a1, z1, e1, r2, a2, z2, e2, aa, az, zz, side, end = (found[..., k] for k in range(13))
    s11 = a1 * a1 * aa + 2 * a1 * z1 * az + z1 * z1 * zz + e1 * e1
    s22 = a2 * a2 * aa + 2 * a2 * z2 * az + z2 * z2 * zz + e2 * e2
    along = np.where(z1 == 0.0, end, 1.0)  # a disc measures along r, which has no mirror image
    return np.stack(
        [side * r1 / np.sqrt(np.maximum(s11, 1e-12)), along * r2 / np.sqrt(np.maximum(s22, 1e-12))], axis=-1
    ).astype(np.float32)


@dataclass(frozen=True)
class TrackNetTask(StepsTask[TrackNetTrainingConfig]):
    """Learn the ellipse on each next station in which a true track's hit will be."""

    def record(self) -> dict[str, Any]:
        """Return what reconstruction needs to know, material and settings."""
        c = self.settings()
        about = {"network": "tracknet", "shape": c["shape"], "motion": self.config.motion._asdict()}
        return about | super().record()

    def build(self) -> tuple[Any, Any]:
        """Return the network and its loss."""
        return build_keras_model(self.config.shape, LONGEST), ellipse_loss(self.config.alpha)

    def example(self, steps: Steps) -> Batch:
        """Return what was told and asked, and where the hits then were; steps that there are not weigh 0."""
        told = at_station(steps.told, steps.layer[..., 0])
        told = np.pad(told, ((0, 0), (WIDTH - 1, 0), (0, 0)))
        place = np.clip(places(steps.found), -_FARTHEST, _FARTHEST)
        there = (steps.layer[..., :1] >= 0).astype(np.float32)
        asked = at_station(steps.asked, steps.layer[..., 1])
        return (told, asked), np.concatenate([place, there], axis=-1)
