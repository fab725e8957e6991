"""The pipeline of the stages, the presets that describe it, and runs over many events."""

from clew.pipeline.pipeline import Pipeline, Reconstruction
from clew.pipeline.preset import Preset
from clew.pipeline.scoring import score

__all__ = ["Pipeline", "Preset", "Reconstruction", "score"]
