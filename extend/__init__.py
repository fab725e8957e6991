"""Stage 2, extend: windows of five hits in, predictions of the hits that follow out."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["METHODS"]

METHODS: Final[dict[str, Method]] = {
    "helix": Method("clew.extend.windows.helix", "HelixExtender", "HelixConfig"),
    "kalman": Method("clew.extend.kalman.extender", "KalmanExtender", "KalmanConfig"),
    "network": Method("clew.extend.windows.extender", "NetworkExtender", "NetworkConfig"),
    "recurrent": Method("clew.extend.recurrent.extender", "RecurrentExtender", "RecurrentConfig"),
    "stepwise": Method("clew.extend.stepwise.extender", "StepwiseExtender", "StepwiseConfig"),
    "tracknet": Method("clew.extend.tracknet.extender", "TrackNetExtender", "TrackNetConfig"),
}
