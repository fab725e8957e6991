"""Stage 4, ensemble: candidates of several models in, one label per hit out."""

from __future__ import annotations

from typing import Final

from clew.methods import Method

__all__ = ["METHODS"]

METHODS: Final[dict[str, Method]] = {
    "claims": Method("clew.ensemble.claims", "ClaimsEnsemble", "ClaimsConfig"),
    "competition": Method("clew.ensemble.competition", "CompetitionEnsemble", "CompetitionConfig"),
    "heuristic-merge": Method("clew.ensemble.merge", "MergeEnsemble", "MergeConfig"),
}
