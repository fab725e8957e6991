"""What the record of a network in the loop tells: the filter that it was trained with, and its detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from clew.errors import InputError
from clew.extend.growing.network import MOST_UNITS, N_FEATURES, LoopNetwork, loop_shapes, network_of
from clew.motion.state import Motion
from clew.networks.records import check_shapes
from clew.networks.shipped import load_record
from clew.settings import Switch, within

__all__ = ["MotionRecord", "RecurrentRecord", "load_loop", "motion_record"]


@dataclass(frozen=True)
class MotionRecord:
    """The filter of a training as a record tells it; see `clew.extend.kalman.grower.KalmanConfig`."""

    scattering: Annotated[float, within(0, 10)]
    strip_discs: Annotated[float, within(0, 10)]
    energy_loss: Annotated[float, within(0, 1)]
    filtered: Switch

    @property
    def motion(self) -> Motion:
        """The filter."""
        return Motion(self.scattering, self.strip_discs, self.energy_loss, self.filtered)


@dataclass(frozen=True)
class RecurrentRecord:
    """What the record of a network in the loop tells."""

    motion: MotionRecord


def load_loop(path: Path) -> tuple[Motion, LoopNetwork]:
    """Read the weights of a network in the loop; raises InputError for damaged ones or another network's."""
    arrays, _, about = load_record(path, "recurrent", RecurrentRecord)
    if [array.ndim for array in arrays] != [len(shape) for shape in loop_shapes(1, 1, 1)]:
        raise InputError(f"{path}: not the arrays of a network in the loop: train or copy it anew")
    units, hidden = arrays[1].shape[0], arrays[4].shape[0]
    check_shapes(path, arrays, loop_shapes(units, hidden, len(arrays[0]) - N_FEATURES))
    if units % 4 or hidden % 4 or not 4 <= units <= MOST_UNITS or not 4 <= hidden <= MOST_UNITS:
        raise InputError(f"{path}: {units} and {hidden} units: train with multiples of 4 to {MOST_UNITS}")
    return about.motion.motion, network_of(arrays)


def motion_record(motion: Motion) -> dict[str, Any]:
    """Return the filter of a training as the record of its weights tells it.

    >>> MotionRecord(**motion_record(Motion(1.3, 1.5, 0.01))).motion == Motion(1.3, 1.5, 0.01)
    True
    """
    fields = motion._asdict()
    fields["strip_discs"] = fields.pop("supports")  # as records have called it from the first
    return fields
