"""Mutated presets: accepted or refused in one line."""

from __future__ import annotations

import random
from importlib import resources
from typing import Any

import tomli_w

from clew.pipeline.preset import Preset, available_presets
from tests.fuzz.outcome import Outcome, outcome_of

_VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2**31, 2**63 - 1, -(2**63), 10**30, 0.0, -0.5, 1e-300, 1e300),
    *(float("nan"), float("inf"), float("-inf"), True, False, "", "all", "x" * 5000, "a\nb", "\0", "no.npz"),
    *([], [1.0] * 2000, [[]], ["pixel"], {}, {"a": {"b": 1}}, {"a\nb": 1}),
)
_PIECES = ("[", "]", "[[", '"', "=", "\n", "#", "\0", "é", "nan", "inf", "1e999", "9" * 5000, "{", ",", "'''")


def mutate(rng: random.Random) -> Outcome:
    """Change a shipped preset, as tables or as text, and read it."""
    name = rng.choice(available_presets())
    text = _of_tables(name, rng) if rng.random() < 0.7 else _of_text(name, rng)
    return outcome_of(lambda: Preset.parse(text, "mutated", "mutated.toml"))


def _of_tables(name: str, rng: random.Random) -> str:
    tables = Preset.load(name).resolved()
    for _ in range(rng.randint(1, 3)):
        _change(tables, rng)
    return tomli_w.dumps(tables)


def _change(table: Any, rng: random.Random) -> None:
    """Change one value somewhere in a tree of tables and lists, or take it out, or put one beside it."""
    while True:
        keys = list(table) if isinstance(table, dict) else list(range(len(table)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(table[key], (dict, list)) and rng.random() < 0.9:
            table = table[key]
            continue
        break
    action = rng.choice(("set", "set", "set", "scale", "remove", "add"))
    if action == "scale" and isinstance(table[key], (int, float)):
        table[key] = table[key] * rng.choice((-1, 0, 10, 1e6, 1e-6, 2))
    elif action == "remove":
        del table[key]
    elif action == "add" and isinstance(table, dict):
        table[rng.choice(("method", "weights", "wings", "a b", "a\nb"))] = rng.choice(_VALUES)
    else:
        table[key] = rng.choice(_VALUES)


def _of_text(name: str, rng: random.Random) -> str:
    text = (resources.files("clew.pipeline.presets") / f"{name}.toml").read_text(encoding="utf-8")
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(text) + 1)
        match rng.choice(("cut", "insert", "double", "end")):
            case "cut":
                text = text[:place] + text[place + rng.randint(1, 40) :]
            case "insert":
                text = text[:place] + rng.choice(_PIECES) + text[place:]
            case "double":
                text = text[:place] + text[max(place - 60, 0) :]
            case _:
                text = text[:place]
    return text
