"""What the networks read and how their answers become predictions, for each kind of prompt.

A network reads ten steps per window: the five hits, then five prompts, and answers at each prompt.

prompt "zeros" (Finnie & Finnie): hits as (phi, r/1000, z/3000, (z/r)/3), prompts all zero; the answer is the
next hit in the same numbers.

prompt "helix": prompts are the helix's crossings with the next layers; the answer is (across, along, log
deviation across, log deviation along) in units of the helix's own expected deviations.  "across" is phi;
"along" is the free coordinate of the layer, z on a cylinder and r on a disc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from clew.arrays import BoolArray, Float32Array, Int32Array
from clew.detector import LAYERS
from clew.detector.solenoid import MEASUREMENT_ERROR
from clew.event import Hits
from clew.extend.frames import Frame
from clew.extend.windows.helix import Crossings, HelixConfig, cross_layers
from clew.motion.crossings import IS_BARREL
from clew.tracks import SEED_LENGTH, Predictions

__all__ = ["COORDINATE_SCALE", "N_ANSWERS", "N_INPUTS", "Prompt", "Questions", "answer", "ask", "on_barrel"]

Prompt = Literal["helix", "zeros"]

N_ANSWERS: Final = 4
"""Numbers that a network answers per step."""

N_INPUTS: Final[dict[Prompt, int]] = {"helix": 16, "zeros": 4}
"""Numbers that a network reads per step."""

COORDINATE_SCALE: Final = np.array([1.0, 1000.0, 3000.0, 3.0], dtype=np.float32)
"""What phi, r, z and z/r are divided by for the networks, as Finnie and Finnie do."""

_IS_PIXEL: Final = np.array([layer.volume in (7, 8, 9) for layer in LAYERS])
_IS_LONG: Final = np.array([layer.volume in (16, 17, 18) for layer in LAYERS])
_ACROSS_ERROR: Final = np.float32(0.05)
_LIMIT: Final = np.float32(5.0)


@dataclass(frozen=True)
class Questions:
    """What a network is asked about a batch of windows.

    Attributes
    ----------
    inputs : ndarray of shape (n_windows, 10, N_INPUTS[prompt]), float32
    frame : Frame
    crossings : Crossings
    """

    inputs: Float32Array
    frame: Frame
    crossings: Crossings


def ask(hits: Hits, windows: Int32Array, prompt: Prompt, helix: HelixConfig) -> Questions:
    """Make the networks' inputs for windows of shape (n_windows, 5) in the direction of travel."""
    crossings = cross_layers(hits, windows, helix)
    points = hits.features[windows]
    frame = Frame.of(points[:, -1, 0], crossings.state[:, 4], crossings.state[:, 5])
    hit_points = frame.enter(points)
    if prompt == "zeros":
        blank = np.zeros((len(windows), crossings.layer.shape[1], 4), dtype=np.float32)
        return Questions(np.concatenate([hit_points / COORDINATE_SCALE, blank], axis=1), frame, crossings)
    steps = np.concatenate([hit_points, frame.enter(crossings.points)], axis=1)
    layer = np.concatenate([hits.layer_index[windows], crossings.layer], axis=1)
    return Questions(_helix_inputs(steps, layer, frame, crossings), frame, crossings)


def _helix_inputs(steps: Float32Array, layer: Int32Array, frame: Frame, crossings: Crossings) -> Float32Array:
    n, n_steps = layer.shape
    inputs = np.zeros((n, n_steps, N_INPUTS["helix"]), dtype=np.float32)
    inputs[..., :3] = steps[..., :3] / COORDINATE_SCALE[:3]
    inputs[..., 3] = np.arcsinh(steps[..., 3]) / 3
    inputs[..., 4] = IS_BARREL[layer]
    inputs[..., 5] = _IS_PIXEL[layer]
    inputs[..., 6] = _IS_LONG[layer]
    inputs[:, SEED_LENGTH:, 7] = crossings.arc / 1000
    inputs[:, :SEED_LENGTH, 8:10] = _residuals(layer[:, :SEED_LENGTH], frame, crossings)
    inputs[:, SEED_LENGTH:, 8] = np.log(crossings.points[..., 1] * crossings.sigmas[..., 0]) / 3
    inputs[:, SEED_LENGTH:, 9] = np.log(_along(crossings.layer, crossings.sigmas)) / 3
    curvature, slope = np.abs(crossings.state[:, 4, None]), np.abs(crossings.state[:, 5, None])
    inputs[..., 10] = np.log10(np.maximum(curvature, np.float32(1e-5))) + 3
    inputs[..., 11] = np.arcsinh(slope) / 3
    inputs[..., 12] = (frame.turn * np.arcsinh(crossings.residual[:, 5, 0] / _ACROSS_ERROR))[:, None] / 3
    inputs[:, SEED_LENGTH:, 13] = np.cos(crossings.heading)
    inputs[:, SEED_LENGTH:, 14] = frame.turn[:, None] * np.sin(crossings.heading)
    inputs[:, SEED_LENGTH:, 15] = 1
    inputs[:, SEED_LENGTH:][crossings.layer < 0] = 0
    np.nan_to_num(inputs, copy=False)
    return np.clip(inputs, -_LIMIT, _LIMIT)


def _residuals(layer: Int32Array, frame: Frame, crossings: Crossings) -> Float32Array:
    residual = crossings.residual[:, SEED_LENGTH - 1 :: -1]
    across = frame.turn[:, None] * residual[..., 0] / _ACROSS_ERROR
    along = frame.side[:, None] * residual[..., 1] / (_ACROSS_ERROR + MEASUREMENT_ERROR[layer])
    return np.arcsinh(np.stack([across, along], axis=2)).astype(np.float32)


def on_barrel(layer: Int32Array) -> BoolArray:
    """Tell for each dense layer index whether it is a cylinder; a missing layer is none."""
    return (layer >= 0) & IS_BARREL[layer]


def _along(layer: Int32Array, numbers: Float32Array) -> Float32Array:
    """Return of (phi, r, z, z/r) the one that is free along each crossing's layer."""
    return np.where(on_barrel(layer), numbers[..., 2], numbers[..., 1])


def answer(questions: Questions, answers: Float32Array, prompt: Prompt) -> Predictions:
    """Turn a network's answers of shape (n_windows, 5, N_ANSWERS) into predictions."""
    frame, crossings = questions.frame, questions.crossings
    if prompt == "zeros":
        return Predictions(frame.leave(answers * COORDINATE_SCALE))
    points = frame.enter(crossings.points)
    sigmas = crossings.sigmas.copy()
    barrel = on_barrel(crossings.layer)
    points[..., 0] += answers[..., 0] * sigmas[..., 0]
    shift = answers[..., 1] * _along(crossings.layer, sigmas)
    points[..., 2] += np.where(barrel, shift, 0)
    points[..., 1] = np.maximum(points[..., 1] + np.where(barrel, 0, shift), 1)
    points[..., 3] = points[..., 2] / points[..., 1]
    growth = np.exp(answers[..., 2:])
    sigmas[..., 0] *= growth[..., 0]
    sigmas[..., 1] *= np.where(barrel, 1, growth[..., 1])
    sigmas[..., 2] *= np.where(barrel, growth[..., 1], 1)
    sigmas[..., 3] = np.hypot(sigmas[..., 2], points[..., 3] * sigmas[..., 1]) / points[..., 1]
    return Predictions(frame.leave(points), sigmas)
