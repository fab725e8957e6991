"""Stages 2 and 3, growing: extenders predict what follows windows of hits, or growers work in a loop."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["EXTENDERS", "GROWERS", "METHODS"]

_NEAREST: Final = ("nearest",)
_LIKELIHOOD: Final = ("likelihood",)
_ELLIPSE: Final = ("ellipse",)

EXTENDERS: Final[dict[str, Method]] = {
    "helix": Method("clew.extend.windows.helix", "HelixExtender", "HelixConfig", _NEAREST),
    "network": Method("clew.extend.windows.extender", "NetworkExtender", "NetworkConfig", _NEAREST),
    "stepwise": Method("clew.extend.stepwise.extender", "StepwiseExtender", "StepwiseConfig", _NEAREST),
}
"""Parts of a WindowGrower; several may be averaged."""

GROWERS: Final[dict[str, Method]] = {
    "kalman": Method("clew.extend.kalman.grower", "KalmanGrower", "KalmanConfig", _LIKELIHOOD),
    "recurrent": Method("clew.extend.recurrent.grower", "RecurrentGrower", "RecurrentConfig", _LIKELIHOOD),
    "tracknet": Method("clew.extend.tracknet.grower", "TrackNetGrower", "TrackNetConfig", _ELLIPSE),
}
"""Growers in a loop: each stands alone, and takes its configuration and what the fitting makes of its own."""

METHODS: Final[dict[str, Method]] = EXTENDERS | GROWERS
