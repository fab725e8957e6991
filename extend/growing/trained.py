"""What the record of a network in the loop tells: the filter that it was trained with, and its detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clew.detector import Detector
from clew.errors import ConfigError
from clew.extend.growing.network import N_FEATURES, LoopNetwork
from clew.motion.state import Motion

__all__ = ["check_layers", "motion_of", "motion_record"]


def motion_record(motion: Motion) -> dict[str, Any]:
    """Return the filter of a training as the record of its weights tells it.

    >>> motion_of(motion_record(Motion(1.3, 1.5, 0.01))) == Motion(1.3, 1.5, 0.01)
    True
    """
    fields = motion._asdict()
    fields["strip_discs"] = fields.pop("supports")  # as records have called it from the first
    return fields


def motion_of(record: Mapping[str, Any]) -> Motion:
    """Return the filter that a network was trained with."""
    return Motion(record["scattering"], record["strip_discs"], record["energy_loss"], record["filtered"])


def check_layers(weights: str, network: LoopNetwork, detector: Detector) -> None:
    """Raise ConfigError if a network was trained for a detector with another number of layers.

    `weights` is what they are called.
    """
    if not len(network.recur):
        return
    known = len(network.enter) - N_FEATURES
    if known != len(detector):
        raise ConfigError(
            f"weights {weights} know {known} layers, the detector {detector.name} has {len(detector)}: "
            "train a network for it, or use the extender kalman"
        )
