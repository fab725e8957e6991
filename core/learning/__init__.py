"""Training: one loop for every network, checkpointed and exactly resumable; a task says what is learnt."""

from __future__ import annotations

from typing import Final

from clew.learning.training import Task, TrainingResult, train
from clew.methods import Method

__all__ = ["TASKS", "Task", "TrainingResult", "train"]

TASKS: Final[dict[str, Method]] = {
    "condensation": Method(
        "clew.graphs.condensation_training", "CondensationTask", "CondensationTrainingConfig"
    ),
    "edges": Method("clew.graphs.training", "EdgeTask", "EdgeTrainingConfig"),
    "segments": Method("clew.graphs.segments_training", "SegmentTask", "SegmentTrainingConfig"),
    "tracknet": Method("clew.extend.tracknet.training", "TrackNetTask", "TrackNetTrainingConfig"),
    "stepwise": Method("clew.extend.stepwise.training", "StepwiseTask", "StepwiseTrainingConfig"),
    "windows": Method("clew.extend.training", "WindowsTask", "TrainingConfig"),
    "recurrent": Method("clew.extend.recurrent.training", "RecurrentTask", "RecurrentTrainingConfig"),
}
"""What `clew train` can train; an implementation is made by `TaskClass.open(config, inputs)`."""
