"""The method of CONTRIBUTING.md works as written."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import clew
from clew import ensemble
from clew.event import Event
from clew.methods import Method
from clew.pipeline import Pipeline, Preset

_TEXT = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_method_of_the_guide_finds_tracks(
    make_toy_event: Callable[..., Event], plain_preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, entry = re.findall(r"```python\n(.*?)```", _TEXT, re.DOTALL)
    (preset,) = re.findall(r"```toml\n(.*?)```", _TEXT, re.DOTALL)
    module = ModuleType("clew.ensemble.longest")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(code, module.__dict__)
    for name, method in eval(f"{{{entry}}}", {"Method": Method}).items():
        monkeypatch.setitem(ensemble.METHODS, name, method)

    assert Preset.parse(preset, "mine", "here").ensemble == {"method": "longest", "least_hits": 5}
    stages = plain_preset[: plain_preset.index("[ensemble]")] + preset[preset.index("[ensemble]") :]
    event = make_toy_event(60, seed=4, smear=0.01)
    result = Pipeline.from_preset(Preset.parse(stages, "mine", "here")).reconstruct(event)
    assert clew.score(result, event).phase1 > 0.5
