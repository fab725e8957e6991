from __future__ import annotations

from dataclasses import dataclass

import pytest

from clew.errors import ConfigError
from clew.methods import Method, build, check_fit, resolve_settings


@dataclass(frozen=True)
class Config:
    radius: float = 2.5
    shifts: tuple[float, ...] = (0.0,)
    label: str | None = None


class Implementation:
    def __init__(self, config: Config) -> None:
        self.config = config


METHODS = {"plain": Method(__name__, "Implementation", "Config")}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from types import SimpleNamespace

    here = SimpleNamespace(Implementation=Implementation, Config=Config)
    monkeypatch.setitem(sys.modules, __name__, here)  # type: ignore[arg-type]


def test_settings_reach_the_implementation() -> None:
    made = build(METHODS, {"method": "plain", "shifts": [1, 2]}, "here")
    assert made.config == Config(shifts=(1.0, 2.0))


def test_defaults_are_written_out() -> None:
    resolved = resolve_settings(METHODS, {"method": "plain"}, "here")
    assert resolved == {"method": "plain", "radius": 2.5, "shifts": (0.0,)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"^preset x: unknown method None: choose one of plain$"),
        ({"method": "odd"}, r"^preset x: unknown method 'odd': choose one of plain$"),
        ({"method": "plain", "radios": 1}, r"unknown key 'radios': choose among label, radius, shifts"),
        ({"method": "plain", "radius": "wide"}, r"^preset x: radius: .*number"),
        ({"method": "plain", "shifts": [1, "b"]}, r"^preset x: shifts.1: .*number"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(METHODS, settings, "preset x")


def test_a_method_is_refused_beside_one_that_it_does_not_work_with() -> None:
    methods = {"any": METHODS["plain"], "some": Method(__name__, "Implementation", "Config", ("a", "b"))}
    check_fit(methods, {"method": "any"}, "here", "fitting", "c")
    check_fit(methods, {"method": "some"}, "here", "fitting", "b")
    with pytest.raises(
        ConfigError, match=r"^here: 'some' does not work with the fitting 'c': use 'a' or 'b'$"
    ):
        check_fit(methods, {"method": "some"}, "here", "fitting", "c")
