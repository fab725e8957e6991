"""Stage 3, fitting: predictions and hits in, candidates of real hits out."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["METHODS"]

METHODS: Final[dict[str, Method]] = {
    "ellipse": Method("clew.fitting.ellipse", "EllipseFitter", "EllipseConfig"),
    "likelihood": Method("clew.fitting.likelihood", "LikelihoodFitter", "LikelihoodConfig"),
    "nearest": Method("clew.fitting.nearest.fitter", "NearestFitter", "NearestConfig"),
}
