"""Which volumes of the TrackML detector, that the simulation makes events of, are barrels or have pixels."""

from __future__ import annotations

from typing import Final

from clew.detector import trackml

__all__ = ["BARRELS", "PIXELS"]


def _volumes(word: str) -> tuple[int, ...]:
    """Return the volumes of the layers with a word in the name of their class."""
    return tuple(sorted({layer.volume for layer in trackml().layers if word in layer.kind.split()}))


BARRELS: Final = _volumes("barrel")
PIXELS: Final = _volumes("pixel")
