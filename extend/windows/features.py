"""What the networks read and how their outputs become predictions, for each kind of prompt.

A network reads ten steps per window: the five hits, then five prompts, with outputs at each prompt.

prompt "zeros" (Finnie & Finnie): hits as (phi, r/1000, z/3000, (z/r)/3), prompts all zero; the output is the
next hit in the same numbers.

prompt "helix": prompts are the helix's crossings with the next layers; the output is (across, along, log
deviation across, log deviation along) in units of the helix's own expected deviations.  "across" is phi;
"along" is the free coordinate of the layer, z on a cylinder and r on a disc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from clew.arrays import BoolArray, Float32Array, Int32Array
from clew.detector import Detector
from clew.event import Hits
from clew.extend.frames import Frame
from clew.extend.windows.helix import Crossings, HelixConfig, cross_layers
from clew.tracks import SEED_LENGTH, Predictions

__all__ = ["COORDINATE_SCALE", "N_INPUTS", "N_OUTPUTS", "Prompt", "Queries", "predict", "query"]

Prompt = Literal["helix", "zeros"]

N_OUTPUTS: Final = 4
"""Outputs of a network per step."""

N_INPUTS: Final[dict[Prompt, int]] = {"helix": 16, "zeros": 4}
"""Numbers that a network reads per step."""

COORDINATE_SCALE: Final = np.array([1.0, 1000.0, 3000.0, 3.0], dtype=np.float32)
"""What phi, r, z and z/r are divided by for the networks, as Finnie and Finnie do."""

_ACROSS_UNIT: Final = np.float32(0.05)  # mm; of residuals across the track
_LEAST_CURVATURE: Final = np.float32(1e-5)  # 1/mm
_LEAST_R: Final = 1  # mm
_LIMIT: Final = np.float32(5.0)


@dataclass(frozen=True)
class Queries:
    """The inputs of a network for a batch of windows, and what turns its outputs into predictions.

    Attributes
    ----------
    inputs : ndarray of shape (n_windows, 10, N_INPUTS[prompt]), float32
    frame : Frame
    crossings : Crossings
    barrel : ndarray of shape (n_windows, N_STEPS), bool
        Whether each crossing is on a cylinder.
    """

    inputs: Float32Array
    frame: Frame
    crossings: Crossings
    barrel: BoolArray


def query(hits: Hits, windows: Int32Array, prompt: Prompt, helix: HelixConfig) -> Queries:
    """Make the networks' inputs for windows of shape (n_windows, 5) in the direction of travel."""
    crossings = cross_layers(hits, windows, helix)
    barrel = (crossings.layer >= 0) & hits.detector.barrel[crossings.layer]
    points = hits.features[windows]
    frame = Frame.of(points[:, -1, 0], crossings.curvature, crossings.slope)
    hit_points = frame.enter(points)
    if prompt == "zeros":
        blank = np.zeros((len(windows), crossings.layer.shape[1], 4), dtype=np.float32)
        inputs = np.concatenate([hit_points / COORDINATE_SCALE, blank], axis=1)
        return Queries(inputs, frame, crossings, barrel)
    steps = np.concatenate([hit_points, frame.enter(crossings.points)], axis=1)
    layer = np.concatenate([hits.layer_index[windows], crossings.layer], axis=1)
    inputs = _helix_inputs(hits.detector, steps, layer, frame, crossings)
    return Queries(inputs, frame, crossings, barrel)


def _helix_inputs(
    detector: Detector, steps: Float32Array, layer: Int32Array, frame: Frame, crossings: Crossings
) -> Float32Array:
    inputs = np.zeros((*layer.shape, N_INPUTS["helix"]), dtype=np.float32)
    inputs[..., :3] = steps[..., :3] / COORDINATE_SCALE[:3]
    inputs[..., 3] = np.arcsinh(steps[..., 3]) / 3
    inputs[..., 4] = detector.barrel[layer]
    inputs[..., 5] = detector.of_kind("pixel")[layer]
    inputs[..., 6] = detector.of_kind("long", "strip")[layer]
    inputs[:, :SEED_LENGTH, 8:10] = _residuals(detector, layer[:, :SEED_LENGTH], frame, crossings)
    curvature, slope = np.abs(crossings.curvature[:, None]), np.abs(crossings.slope[:, None])
    inputs[..., 10] = np.log10(np.maximum(curvature, _LEAST_CURVATURE)) + 3
    inputs[..., 11] = np.arcsinh(slope) / 3
    off_beam = frame.turn * np.arcsinh(crossings.across[:, SEED_LENGTH] / _ACROSS_UNIT)
    inputs[..., 12] = off_beam[:, None] / 3
    inputs[:, SEED_LENGTH:, 7:10] = _arcs_and_sigmas(detector, crossings)
    inputs[:, SEED_LENGTH:, 13] = np.cos(crossings.heading)
    inputs[:, SEED_LENGTH:, 14] = frame.turn[:, None] * np.sin(crossings.heading)
    inputs[:, SEED_LENGTH:, 15] = 1
    inputs[:, SEED_LENGTH:][crossings.layer < 0] = 0
    np.nan_to_num(inputs, copy=False)
    return np.clip(inputs, -_LIMIT, _LIMIT)


def _residuals(detector: Detector, layer: Int32Array, frame: Frame, crossings: Crossings) -> Float32Array:
    across, height = crossings.across[:, SEED_LENGTH - 1 :: -1], crossings.height[:, SEED_LENGTH - 1 :: -1]
    error = detector.surfaces["coarse_along"][layer]
    across = frame.turn[:, None] * across / _ACROSS_UNIT
    along = frame.side[:, None] * height / (_ACROSS_UNIT + error)
    return np.arcsinh(np.stack([across, along], axis=2)).astype(np.float32)


def _arcs_and_sigmas(detector: Detector, crossings: Crossings) -> Float32Array:
    """Return arc, deviation across and deviation along of each crossing, as the networks read them."""
    along = _along(detector.barrel[crossings.layer], crossings.sigmas)
    across = crossings.points[..., 1] * crossings.sigmas[..., 0]
    return np.stack([crossings.arc / 1000, np.log(across) / 3, np.log(along) / 3], axis=2)


def _along(barrel: BoolArray, numbers: Float32Array) -> Float32Array:
    """Return of (phi, r, z, z/r) the one that is free along each crossing's layer."""
    return np.where(barrel, numbers[..., 2], numbers[..., 1])


def predict(queries: Queries, outputs: Float32Array, prompt: Prompt) -> Predictions:
    """Turn a network's outputs of shape (n_windows, 5, N_OUTPUTS) into predictions."""
    frame, crossings, barrel = queries.frame, queries.crossings, queries.barrel
    if prompt == "zeros":
        return Predictions(frame.leave(outputs * COORDINATE_SCALE))
    points = frame.enter(crossings.points)
    sigmas = crossings.sigmas.copy()
    points[..., 0] += outputs[..., 0] * sigmas[..., 0]
    shift = outputs[..., 1] * _along(barrel, sigmas)
    points[..., 2] += np.where(barrel, shift, 0)
    points[..., 1] = np.maximum(points[..., 1] + np.where(barrel, 0, shift), _LEAST_R)
    points[..., 3] = points[..., 2] / points[..., 1]
    growth = np.exp(outputs[..., 2:])
    sigmas[..., 0] *= growth[..., 0]
    sigmas[..., 1] *= np.where(barrel, 1, growth[..., 1])
    sigmas[..., 2] *= np.where(barrel, growth[..., 1], 1)
    sigmas[..., 3] = np.hypot(sigmas[..., 2], points[..., 3] * sigmas[..., 1]) / points[..., 1]
    return Predictions(frame.leave(points), sigmas)
