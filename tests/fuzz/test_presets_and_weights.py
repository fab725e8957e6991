"""Mutated presets and weights, a few hundred of each; `mutate` makes as many more as wanted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from tests.fuzz import presets, weights
from tests.fuzz.outcome import Outcome


@pytest.mark.parametrize(("mutate", "n"), [(presets.mutate, 300), (weights.mutate, 300)])
def test_mutated_inputs_are_accepted_or_refused_in_one_line(
    mutate: Callable[[random.Random], Outcome], n: int
) -> None:
    counts = Counter(mutate(random.Random(seed)) for seed in range(n))
    assert set(counts) == {"accepted", "refused"}  # the mutations are neither all harmless nor all fatal
