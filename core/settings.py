"""Settings from outside: frozen dataclasses whose annotations say which values they take.

>>> @dataclass(frozen=True)
... class Config:
...     pull: Annotated[float, within(0.1, 20)] = 4.0
>>> checked(Config, {"pull": -1}, "preset mine, [fitting]")
Traceback (most recent call last):
    ...
clew.errors.ConfigError: preset mine, [fitting]: pull: Input should be greater than or equal to 0.1, not -1
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError

from clew.errors import ClewError, ConfigError
from clew.plain import read_plain

__all__ = ["Name", "Switch", "checked", "listed", "parse_toml", "read_text", "within"]

_Settings = TypeVar("_Settings")

_MOST_CHARACTERS: Final = 4096
"""Of a text: the longest are paths."""

_MOST_BYTES: Final = 10_000_000
"""Of a file of settings; the largest preset that ships has 3,000."""

Switch: TypeAlias = Annotated[bool, Strict()]
"""True or false, and nothing that could be read as either."""

Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""What a file is called: no folder."""


def within(low: float, high: float) -> Any:
    """Return the range of a number, both ends included; of integers where the annotation is int.

    No number but finite ones is in a range, and neither a string nor a boolean passes for a number.
    """
    return Field(strict=True, ge=low, le=high)


def listed(least: int, most: int) -> Any:
    """Return how many entries a tuple takes."""
    return Field(min_length=least, max_length=most)


def checked(
    config: type[_Settings],
    values: Mapping[str, Any],
    where: str,
    refusal: type[ClewError] = ConfigError,
    others: bool = False,
) -> _Settings:
    """Make a frozen dataclass from outside values.

    Parameters
    ----------
    config : type
        A dataclass; see the module.
    values : mapping
    where : str
        How errors call the place of the values, such as "preset finnie, [seeding]".
    refusal : type
        What is raised for an unknown key, a wrong type or a value out of range, naming key and remedy.
    others : bool
        Leave unknown keys aside, as records tell more than a program needs.
    """
    kind: Any = config
    known: Mapping[str, object] = kind.__dataclass_fields__
    for key in values:
        if key not in known and not others:
            raise refusal(f"{where}: unknown key {key!r}: choose among {', '.join(sorted(known))}")
    try:
        made: _Settings
        (made,) = _adapter(kind, "ignore" if others else "forbid").validate_python((dict(values),))
    except ValidationError as error:
        raise refusal(f"{where}: {_told(error)}") from error
    except ClewError as error:  # of settings that do not go together
        raise refusal(f"{where}: {error}") from error
    return made


@cache
def _adapter(config: Any, unknown_keys: Literal["forbid", "ignore"]) -> TypeAdapter[tuple[Any]]:
    # pydantic takes no ConfigDict for a dataclass itself; one around it holds for all dataclasses inside
    rules = ConfigDict(
        extra=unknown_keys, allow_inf_nan=False, str_min_length=1, str_max_length=_MOST_CHARACTERS
    )
    return TypeAdapter(tuple[config], config=rules)


def _told(error: ValidationError) -> str:
    """Return the first of the errors in one line: key, what it should be, and what it is."""
    first = error.errors(include_url=False)[0]
    path = [
        part if isinstance(part, int) or part.isidentifier() else ascii(part) for part in first["loc"][1:]
    ]
    key = ".".join(map(str, path))
    if first["type"] == "unexpected_keyword_argument":
        return f"{key}: unknown key: leave it out"
    if first["type"] == "missing":
        return f"{key} is missing: give it"
    given = ascii(first["input"])
    return f"{key}: {first['msg']}, not {given if len(given) <= 60 else given[:57] + '...'}"


def parse_toml(text: str, where: str, refusal: type[ClewError] = ConfigError) -> dict[str, Any]:
    """Return the tables of a TOML text; raises `refusal` for anything else."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and deep nesting
        raise refusal(f"{where}: not valid TOML: {' '.join(str(error).split())}") from error


def read_text(path: Path, what: str, refusal: type[ClewError] = ConfigError) -> str:
    """Return the text of a file of settings; raises `refusal` for one that cannot be read.

    Parameters
    ----------
    path : Path
    what : str
        What errors call the content, such as "the preset".
    refusal : type
    """
    try:
        return read_plain(path, _MOST_BYTES).decode()
    except (OSError, ValueError) as error:
        raise refusal(f"{path}: cannot read {what}: {error}") from error
