"""The pipeline of the four stages, the presets that describe it, and runs over many events."""

from clew.pipeline.pipeline import STAGES, Pipeline, Reconstruction

__all__ = ["STAGES", "Pipeline", "Reconstruction"]
