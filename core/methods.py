"""The register of implementations: a stage's folder lists its methods, a preset chooses one by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from clew.errors import ConfigError
from clew.settings import checked

__all__ = ["Method", "build", "check_fit", "resolve_settings"]


@dataclass(frozen=True)
class Method:
    """Where an implementation lives; it is imported when first used.

    The implementation, a class or a function, takes its configuration, a frozen dataclass, and whatever
    `build` is given for it.

    Attributes
    ----------
    module, implementation, config : str
    fits : tuple of str
        The methods of the next stage that it works with; empty for all.
    """

    module: str
    implementation: str
    config: str
    fits: tuple[str, ...] = ()

    def load(self, name: str) -> Any:
        """Return the named attribute of the method's module."""
        return getattr(import_module(self.module), name)


def build(methods: Mapping[str, Method], settings: Mapping[str, Any], where: str, *parts: Any) -> Any:
    """Make the implementation that `settings` names.

    Parameters
    ----------
    methods : mapping of method name to Method
    settings : mapping
        `method` and the method's own settings; absent ones take their default.
    where : str
        How errors call the place of the settings, such as "preset finnie, [seeding]".
    *parts
        What the implementation takes besides its configuration.

    Raises
    ------
    ConfigError
        For an unknown method or key, a value of the wrong type or one out of range.
    """
    method = _method(methods, settings, where)
    return method.load(method.implementation)(_config(method, settings, where), *parts)


def resolve_settings(
    methods: Mapping[str, Method], settings: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Return the settings with every default written out; raises as `build`."""
    method = _method(methods, settings, where)
    values = asdict(_config(method, settings, where), dict_factory=_without_none)
    return {"method": settings["method"]} | values


def _without_none(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a table of settings; TOML has no None, a key left out stands for it."""
    return {key: value for key, value in items if value is not None}


def check_fit(
    methods: Mapping[str, Method], settings: Mapping[str, Any], where: str, stage: str, other: str
) -> None:
    """Raise ConfigError unless the method works with the `other` one of the next stage."""
    fits = _method(methods, settings, where).fits
    if fits and other not in fits:
        raise ConfigError(
            f"{where}: {settings['method']!r} does not work with the {stage} {other!r}: "
            f"use {' or '.join(map(repr, fits))}"
        )


def _method(methods: Mapping[str, Method], settings: Mapping[str, Any], where: str) -> Method:
    name = settings.get("method")
    if not isinstance(name, str) or name not in methods:
        known = ", ".join(sorted(methods))
        raise ConfigError(f"{where}: unknown method {name!r}: choose one of {known}")
    return methods[name]


def _config(method: Method, settings: Mapping[str, Any], where: str) -> Any:
    values = {key: value for key, value in settings.items() if key != "method"}
    return checked(method.load(method.config), values, where)
