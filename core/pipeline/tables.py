"""The tables of a preset's TOML file, put over those of the preset that it names as its base."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from clew.errors import ConfigError
from clew.settings import parse_toml, read_text

__all__ = ["Source", "available_presets", "find_source", "read_tables"]

_STAGES: Final = ("seeding", "extend", "fitting", "ensemble")
_KEYS: Final = ("description", "base", *_STAGES, "follow")
_MOST_TABLES: Final = 100
"""Passes of seeding, extenders, and presets below each other."""


class Source(NamedTuple):
    """Text of a preset, its name, and what errors call where it is from."""

    text: str
    name: str
    where: str


def available_presets() -> tuple[str, ...]:
    """Return the names of the shipped presets, sorted."""
    files = resources.files("clew.pipeline.presets").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def find_source(name: str | Path) -> Source:
    """Read a shipped preset by name, or any by the path of its TOML file; ConfigError where there is none."""
    if not isinstance(name, (str, Path)):
        raise TypeError(
            f"a preset is a name, the path of a .toml file or a Preset, not a {type(name).__name__}"
        )
    path = Path(name)
    if path.suffix != ".toml":
        return _shipped(str(name))
    return Source(read_text(path, "the preset"), path.stem, str(path))


def _shipped(name: str) -> Source:
    if name not in available_presets():
        known = ", ".join(available_presets())
        raise ConfigError(f"unknown preset {name!r}: choose one of {known}, or give a .toml file")
    text = (resources.files("clew.pipeline.presets") / f"{name}.toml").read_text(encoding="utf-8")
    return Source(text, name, f"preset {name}")


def read_tables(text: str, where: str) -> dict[str, Any]:
    """Return the tables of a preset, complete and without `base`.

    Raises
    ------
    ConfigError
        If the text or one of its bases is no preset; the message names where and what.
    """
    tables = _with_base(text, where, ())
    for key in _STAGES:
        if key not in tables:
            raise ConfigError(f"{where}: the table [{key}] is missing: each stage needs a method")
    return tables


def _with_base(text: str, where: str, above: tuple[str, ...]) -> dict[str, Any]:
    """Return the tables of a preset over those of its base; `above` names the presets that build on it."""
    if len(above) >= _MOST_TABLES:
        raise ConfigError(f"{where}: the base of a base of a base, {_MOST_TABLES} times: name an earlier one")
    if where in above:
        raise ConfigError(f"{where}: base goes in a circle, {' -> '.join((*above, where))}: name another one")
    tables = parse_toml(text, where)
    _check_shape(tables, where)
    if "base" not in tables:
        return tables
    base = _base_source(tables.pop("base"), where)
    return _merged(_with_base(base.text, base.where, (*above, where)), tables)


def _base_source(name: Any, where: str) -> Source:
    if not isinstance(name, str):
        raise ConfigError(f"{where}: base must be the name of a preset or of a .toml file")
    try:
        return find_source(name)
    except ConfigError as error:
        raise ConfigError(f"{where}, base: {error}") from error


def _merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base with what is given: tables that give no method are merged, all else replaces."""
    tables = dict(base)
    for key, value in given.items():
        before = base.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and "method" not in value:
            tables[key] = _merged(before, value)
        else:
            tables[key] = value
    return tables


def _check_shape(tables: Mapping[str, Any], where: str) -> None:
    """Refuse unknown keys, and tables where lists belong or the other way round."""
    for key in tables:
        if key not in _KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}: choose among {', '.join(_KEYS)}")
    if not isinstance(tables.get("description", ""), str):
        raise ConfigError(f"{where}: description must be text: write it in quotes")
    extend = tables.get("extend", [{}])
    if not _is_list_of_tables(extend):
        raise ConfigError(
            f"{where}: extend must be a list: write [[extend]] for each, {_MOST_TABLES} at most"
        )
    seeding = tables.get("seeding", {})
    if not isinstance(seeding, dict) and not _is_list_of_tables(seeding):
        raise ConfigError(
            f"{where}: seeding must be a table: write [seeding], or [[seeding]] for each of "
            f"{_MOST_TABLES} passes at most"
        )
    for key in ("fitting", "ensemble", "follow"):
        if not isinstance(tables.get(key, {}), dict):
            raise ConfigError(f"{where}: {key} must be a table: write [{key}]")


def _is_list_of_tables(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= _MOST_TABLES
        and all(isinstance(one, dict) for one in value)
    )
