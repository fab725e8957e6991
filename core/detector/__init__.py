"""The detector: its layers and modules, its field, its material and which layers follow which."""

from clew.detector.trackml import (
    BARREL_VOLUMES,
    FIELD_STRENGTH,
    LAYERS,
    N_LAYERS,
    Layer,
    Modules,
    known_module,
    layer_index,
)

__all__ = [
    "BARREL_VOLUMES",
    "FIELD_STRENGTH",
    "LAYERS",
    "N_LAYERS",
    "Layer",
    "Modules",
    "known_module",
    "layer_index",
]
