"""Damaged inputs are read as written or refused in one line; `make fuzz N=10000` tries more of them."""

from __future__ import annotations

import pytest
from fuzzing import TARGETS, attempt

TRIALS = 60


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_accepted_and_refused(name: str) -> None:
    outcomes = [attempt(TARGETS[name], seed) for seed in range(TRIALS)]
    assert [outcome.report for outcome in outcomes if outcome.kind == "anything else"] == []
    assert {outcome.kind for outcome in outcomes} == {"accepted", "refused"}
