"""A preset names an implementation and its settings for each stage, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import tomli_w

from clew import ensemble, extend, fitting, seeding
from clew.errors import ConfigError
from clew.methods import Method, build, checked, resolve_settings
from clew.stages import Ensemble, Extender, Fitter, LoopExtender, LoopFitter, PassSeeder, Seeder

__all__ = ["DEFAULT_PRESET", "FollowConfig", "Preset", "available_presets"]

DEFAULT_PRESET: Final = "clew"
_TABLES: Final = ("seeding", "extend", "fitting", "ensemble", "follow")


@dataclass(frozen=True)
class FollowConfig:
    """How far the pipeline follows tracks by extending and fitting again and again.

    Attributes
    ----------
    outward, inward : int
        Rounds at most in each direction; a track that found no hit in a round is not followed further.
    """

    outward: int = 4
    inward: int = 2


@dataclass(frozen=True)
class Preset:
    """The stages of a pipeline with their settings, as read from TOML.

    Attributes
    ----------
    name : str
    description : str
    seeding : tuple of mappings
        One per pass; a seeder of the whole event stands alone.
    fitting, ensemble : mapping
        `method` and that method's settings.
    extend : tuple of mappings
        One per extender; the ensemble combines their predictions.
    follow : FollowConfig
    """

    name: str
    description: str
    seeding: tuple[Mapping[str, Any], ...]
    extend: tuple[Mapping[str, Any], ...]
    fitting: Mapping[str, Any]
    ensemble: Mapping[str, Any]
    follow: FollowConfig

    @classmethod
    def load(cls, name: str | Path) -> Preset:
        """Read a shipped preset by name, or any preset by the path of its TOML file.

        Raises
        ------
        ConfigError
            If there is no such preset, or the file is no preset; the message names file and key.
        """
        path = Path(name)
        if path.suffix != ".toml":
            return cls._shipped(str(name))
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot read the preset: {error}") from error
        return cls.parse(text, path.stem, str(path))

    @classmethod
    def _shipped(cls, name: str) -> Preset:
        if name not in available_presets():
            known = ", ".join(available_presets())
            raise ConfigError(f"unknown preset {name!r}: choose one of {known}, or give a .toml file")
        text = (resources.files("clew.pipeline.presets") / f"{name}.toml").read_text(encoding="utf-8")
        return cls.parse(text, name, f"preset {name}")

    @classmethod
    def parse(cls, text: str, name: str, where: str) -> Preset:
        """Make a preset from TOML text; `where` is what errors call its source."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{where}: not valid TOML: {error}") from error
        for key in tables:
            if key not in (*_TABLES, "description"):
                known = ", ".join(("description", *_TABLES))
                raise ConfigError(f"{where}: unknown key {key!r}: choose among {known}")
        for key in _TABLES[:-1]:
            if key not in tables:
                raise ConfigError(f"{where}: the table [{key}] is missing: each stage needs a method")
        if not isinstance(tables["extend"], list):
            raise ConfigError(f"{where}: extend must be a list: write [[extend]] for each extender")
        seeders = tables["seeding"]
        if not isinstance(seeders, list):
            seeders = [seeders]
        for key, table in [("seeding", one) for one in seeders] + [
            (key, tables[key]) for key in ("fitting", "ensemble")
        ]:
            if not isinstance(table, dict):
                raise ConfigError(f"{where}: {key} must be a table: write [{key}]")
        preset = cls(
            name=name,
            description=str(tables.get("description", "")),
            seeding=tuple(seeders),
            extend=tuple(tables["extend"]),
            fitting=tables["fitting"],
            ensemble=tables["ensemble"],
            follow=checked(FollowConfig, tables.get("follow", {}), f"{where}, [follow]"),
        )
        preset.resolved()
        return preset

    def resolved(self) -> dict[str, Any]:
        """Return the whole preset with every default written out; raises ConfigError if it is wrong."""
        where = f"preset {self.name}"
        extenders = enumerate(self.extend, start=1)
        seeders = [
            resolve_settings(seeding.METHODS, settings, where_seeding)
            for settings, where_seeding in self._seeding_tables()
        ]
        return {
            "description": self.description,
            "seeding": seeders[0] if len(seeders) == 1 else seeders,
            "extend": [
                resolve_settings(extend.METHODS, settings, f"{where}, [[extend]] number {k}")
                for k, settings in extenders
            ],
            "fitting": resolve_settings(fitting.METHODS, self.fitting, f"{where}, [fitting]"),
            "ensemble": resolve_settings(ensemble.METHODS, self.ensemble, f"{where}, [ensemble]"),
            "follow": asdict(self.follow),
        }

    def to_toml(self) -> str:
        """Return the resolved preset as TOML: reading it again gives the same pipeline."""
        return tomli_w.dumps(self.resolved())

    def _seeding_tables(self) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Yield each seeding table and what errors call it."""
        for k, settings in enumerate(self.seeding, start=1):
            place = "[seeding]" if len(self.seeding) == 1 else f"[[seeding]] number {k}"
            yield settings, f"preset {self.name}, {place}"

    def build_seeder(self) -> Seeder | tuple[PassSeeder, ...]:
        """Make stage 1: one seeder of the whole event, or one for each pass."""
        seeders = [build(seeding.METHODS, *table) for table in self._seeding_tables()]
        if len(seeders) == 1 and not isinstance(seeders[0], PassSeeder):
            return cast(Seeder, seeders[0])
        for settings, seeder in zip(self.seeding, seeders, strict=True):
            if not isinstance(seeder, PassSeeder):
                method = settings["method"]
                raise ConfigError(
                    f"preset {self.name}: the seeding {method!r} takes the whole event: let it stand alone"
                )
        return tuple(seeders)

    def build_extenders(self) -> tuple[Extender | LoopExtender, ...]:
        """Make stage 2, one extender per [[extend]] table."""
        return tuple(
            cast("Extender | LoopExtender", self._build(extend.METHODS, settings, f"[[extend]] number {k}"))
            for k, settings in enumerate(self.extend, start=1)
        )

    def build_fitter(self) -> Fitter | LoopFitter:
        """Make stage 3."""
        return cast("Fitter | LoopFitter", self._build(fitting.METHODS, self.fitting, "[fitting]"))

    def build_ensemble(self) -> Ensemble:
        """Make stage 4."""
        return cast(Ensemble, self._build(ensemble.METHODS, self.ensemble, "[ensemble]"))

    def _build(self, methods: Mapping[str, Method], settings: Mapping[str, Any], table: str) -> Any:
        return build(methods, settings, f"preset {self.name}, {table}")


def available_presets() -> tuple[str, ...]:
    """Return the names of the shipped presets, sorted."""
    files = resources.files("clew.pipeline.presets").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))
