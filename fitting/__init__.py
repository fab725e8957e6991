"""Stage 3, fitting: which real hits predictions snap to; a part of what grows the candidates."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["METHODS"]

METHODS: Final[dict[str, Method]] = {
    "ellipse": Method("clew.fitting.ellipse", "branching_of", "EllipseConfig"),
    "likelihood": Method("clew.fitting.likelihood", "snap_of", "LikelihoodConfig"),
    "nearest": Method("clew.fitting.nearest.fitter", "NearestFitter", "NearestConfig"),
}
