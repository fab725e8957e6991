"""Every setting has a type and a range, which hold when it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import annotated_types
import pytest
from pydantic.fields import FieldInfo

from clew import ensemble, extend, fitting, seeding
from clew.errors import ConfigError
from clew.experiments import TASKS
from clew.extend.windows.grower import FollowConfig
from clew.methods import Method
from clew.settings import checked, parse_toml, read_text
from clew.transforms.compose import METHODS as TRANSFORMS

_STAGES: dict[str, Method] = (
    seeding.METHODS | extend.METHODS | fitting.METHODS | ensemble.METHODS | TRANSFORMS
)
_METHODS = _STAGES | {f"train {name}": task for name, task in TASKS.items()}
_CONFIGS = {name: method.load(method.config) for name, method in _METHODS.items()} | {"follow": FollowConfig}


def bounds(metadata: tuple[Any, ...]) -> tuple[float, float]:
    """Return the range that a number's annotation declares."""
    parts = [part for one in metadata if isinstance(one, FieldInfo) for part in one.metadata]
    low = [part.ge for part in parts if isinstance(part, annotated_types.Ge)]
    high = [part.le for part in parts if isinstance(part, annotated_types.Le)]
    assert len(low) == len(high) == 1, "a number without a range"
    return low[0], high[0]


def numbers(hint: Any, path: str) -> Iterator[tuple[str, type, tuple[float, float]]]:
    """Yield the path, the type and the range of every number in a type; fails for one without a range."""
    if hint in (int, float, bool):
        raise AssertionError(f"{path} takes any {hint.__name__}")
    if is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        for one in fields(hint):
            yield from numbers(hints[one.name], f"{path}.{one.name}")
    elif get_origin(hint) is Annotated and hint.__origin__ in (int, float):
        yield path, hint.__origin__, bounds(hint.__metadata__)
    elif get_origin(hint) is Annotated and hint.__origin__ is bool:
        return
    elif get_origin(hint) is Annotated:
        yield from numbers(hint.__origin__, path)
    else:
        for inner in get_args(hint):
            if not isinstance(inner, str):
                yield from numbers(inner, path)


def put(path: list[str], value: Any) -> dict[str, Any]:
    """Return the settings that give a value to a path of keys."""
    return {path[0]: value if len(path) == 1 else put(path[1:], value)}


@pytest.mark.parametrize("name", sorted(_CONFIGS))
def test_every_number_has_a_range_that_holds(name: str) -> None:
    for path, kind, (low, high) in numbers(_CONFIGS[name], name):
        key = path.split(".", 1)[1]
        assert math.isfinite(low)
        assert math.isfinite(high)
        for wrong in (kind(low - 1), kind(high + 1), float("nan"), float("inf"), "1", True):
            with pytest.raises(ConfigError, match=r"^here: \S") as error:
                checked(_CONFIGS[name], put(key.split("."), wrong), "here")
            assert "\n" not in str(error.value)


class TestMessages:
    def test_a_value_out_of_range_is_named_with_its_key_and_the_allowed(self) -> None:
        line = r"^preset x, \[follow\]: outward: Input should be less than or equal to 50, not 51$"
        with pytest.raises(ConfigError, match=line):
            checked(FollowConfig, {"outward": 51}, "preset x, [follow]")

    def test_keys_of_nested_settings_are_checked(self) -> None:
        with pytest.raises(ConfigError, match=r"^here: helix\.marign: unknown key"):
            checked(_CONFIGS["network"], {"helix": {"marign": 1.0}}, "here")

    def test_settings_that_do_not_go_together_are_told_with_their_place(self) -> None:
        with pytest.raises(ConfigError, match=r"^here: .*ascending"):
            checked(_CONFIGS["graph"], {"thresholds": [0.8, 0.5]}, "here")

    def test_more_hypotheses_than_anyone_waits_for_are_refused(self) -> None:
        many = {"radii": [300.0 + k for k in range(200)], "shifts": [float(k) for k in range(60)]}
        with pytest.raises(ConfigError, match=r"^here: 12000 pairs of radii and shifts: give 10000 at most"):
            checked(_CONFIGS["unrolled"], {"passes": [many]}, "here")

    def test_a_name_of_weights_to_write_is_no_path(self) -> None:
        with pytest.raises(ConfigError, match=r"^here: name: "):
            checked(_CONFIGS["train edges"], {"name": "../edges"}, "here")


@pytest.mark.parametrize("text", ["a = ", "a = 1\na = 2", "a = " + "[" * 100_000, "a = " + "9" * 5000])
def test_what_is_no_toml_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^here: not valid TOML: ") as error:
        parse_toml(text, "here")
    assert "\n" not in str(error.value)


def test_files_of_settings_are_files_of_a_sensible_size(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * 10_000_001)
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    for name, reason in (
        ("pipe", "not a plain file"),
        ("large", "larger than 10,000,000 bytes"),
        ("latin", "utf-8"),
        ("no", "No"),
    ):
        with pytest.raises(ConfigError, match=rf"{name}\.toml: cannot read the preset: .*{reason}"):
            read_text(tmp_path / f"{name}.toml", "the preset")
