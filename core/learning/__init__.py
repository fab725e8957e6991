"""Training: one loop for every network, checkpointed and exactly resumable; a task says what is learnt."""

from __future__ import annotations

from clew.learning.training import Task, TrainingResult, train

__all__ = ["Task", "TrainingResult", "train"]
