"""The pipeline of the stages, the presets that describe it, and runs over many events."""

from clew.pipeline.pipeline import Pipeline, Reconstruction

__all__ = ["Pipeline", "Reconstruction"]
