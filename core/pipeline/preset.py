"""A preset names an implementation and its settings for each stage, in one TOML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import tomli_w

from clew import ensemble, extend, fitting, seeding
from clew.display import Displayed
from clew.errors import ConfigError
from clew.extend.windows.grower import FollowConfig, WindowGrower
from clew.methods import build, check_fit, resolve_settings
from clew.networks.shipped import weights_path
from clew.pipeline.tables import available_presets, find_source, read_tables
from clew.plain import read_plain
from clew.settings import checked
from clew.stages import Ensemble, Grower, Seeder

__all__ = ["DEFAULT_PRESET", "Preset", "available_presets"]

DEFAULT_PRESET: Final = "clew"

_Table: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Preset(Displayed):
    """The stages of a pipeline with their settings, as read from TOML.

    Attributes
    ----------
    name : str
    description : str
    seeding : tuple of mappings
        One per pass.
    extend : tuple of mappings
        One grower, or extenders of which the predictions are averaged.
    fitting, ensemble : mapping
        `method` and that method's settings.
    follow : FollowConfig
        Of extenders.

    Raises
    ------
    ConfigError
        For unknown methods or keys, values of the wrong type or out of range, and stages that do not fit
        each other.
    """

    name: str
    description: str
    seeding: tuple[_Table, ...]
    extend: tuple[_Table, ...]
    fitting: _Table
    ensemble: _Table
    follow: FollowConfig

    def __post_init__(self) -> None:
        self.resolved()
        self._check_fits()

    def facts(self) -> Mapping[str, object]:
        """See `clew.display`."""
        stages = {"seeding": self.seeding, "extend": self.extend}
        methods = {stage: ", ".join(_counted(tables)) for stage, tables in stages.items()}
        others = {"fitting": self.fitting["method"], "ensemble": self.ensemble["method"]}
        return {"name": self.name} | methods | others

    @classmethod
    def load(cls, name: str | Path) -> Preset:
        """Read a shipped preset by name, or any preset by the path of its TOML file.

        Raises
        ------
        ConfigError
            If there is no such preset, or the file is no preset; the message names file and key.
        """
        return cls.parse(*find_source(name))

    @classmethod
    def parse(cls, text: str, name: str, where: str) -> Preset:
        """Make a preset from TOML text; `where` is what errors call its source."""
        tables = read_tables(text, where)
        seeders = tables["seeding"]
        return cls(
            name=name,
            description=tables.get("description", ""),
            seeding=tuple(seeders) if isinstance(seeders, list) else (seeders,),
            extend=tuple(tables["extend"]),
            fitting=tables["fitting"],
            ensemble=tables["ensemble"],
            follow=checked(FollowConfig, tables.get("follow", {}), f"{where}, [follow]"),
        )

    def resolved(self) -> dict[str, Any]:
        """Return the whole preset with every default written out."""
        seeders = [resolve_settings(seeding.METHODS, *table) for table in self._seeding_tables()]
        return {
            "description": self.description,
            "seeding": seeders[0] if len(seeders) == 1 else seeders,
            "extend": [resolve_settings(extend.METHODS, *table) for table in self._extend_tables()],
            "fitting": resolve_settings(fitting.METHODS, self.fitting, self._place("[fitting]")),
            "ensemble": resolve_settings(ensemble.METHODS, self.ensemble, self._place("[ensemble]")),
            "follow": asdict(self.follow),
        }

    def to_toml(self) -> str:
        """Return the resolved preset as TOML, without a base: reading it again gives the same pipeline."""
        return tomli_w.dumps(self.resolved())

    def fingerprint(self) -> str:
        """Return a text that changes with the settings and the content of the weights that they name."""
        stages = ((seeding, self._seeding_tables()), (extend, self._extend_tables()))
        tables = [
            (f"{stage.__name__}.weights", resolve_settings(stage.METHODS, *table))
            for stage, its in stages
            for table in its
        ]
        weights = [weights_path(package, table["weights"]) for package, table in tables if "weights" in table]
        files = [file for path in weights for file in (path, path.with_suffix(".json"))]
        return "\n".join([self.to_toml(), *(sha256(read_plain(file)).hexdigest() for file in files)])

    def build_seeders(self) -> tuple[Seeder, ...]:
        """Make stage 1, a seeder for each pass."""
        return tuple(cast(Seeder, build(seeding.METHODS, *table)) for table in self._seeding_tables())

    def build_grower(self) -> Grower:
        """Make stages 2 and 3 out of the tables [[extend]], [fitting] and [follow]."""
        fitter = build(fitting.METHODS, self.fitting, self._place("[fitting]"))
        if self.extend[0]["method"] in extend.GROWERS:
            (table,) = self._extend_tables()
            return cast(Grower, build(extend.GROWERS, *table, fitter))
        extenders = [build(extend.EXTENDERS, *table) for table in self._extend_tables()]
        return WindowGrower(extenders, fitter, self.follow)

    def build_ensemble(self) -> Ensemble:
        """Make stage 4."""
        return cast(Ensemble, build(ensemble.METHODS, self.ensemble, self._place("[ensemble]")))

    def _check_fits(self) -> None:
        """Refuse stages that do not work with each other."""
        for table in self._extend_tables():
            check_fit(extend.METHODS, *table, "fitting", self.fitting["method"])
        first = self.extend[0]["method"]
        if first in extend.GROWERS and len(self.extend) > 1:
            raise ConfigError(f"{self._place('extend')}: {first!r} works alone: leave one [[extend]]")
        for table in self._seeding_tables():
            check_fit(seeding.METHODS, *table, "extend", first)

    def _seeding_tables(self) -> Iterator[tuple[_Table, str]]:
        """Yield each seeding table and what errors call it."""
        for k, settings in enumerate(self.seeding, start=1):
            place = "[seeding]" if len(self.seeding) == 1 else f"[[seeding]] number {k}"
            yield settings, self._place(place)

    def _extend_tables(self) -> Iterator[tuple[_Table, str]]:
        """Yield each extend table and what errors call it."""
        for k, settings in enumerate(self.extend, start=1):
            yield settings, self._place(f"[[extend]] number {k}")

    def _place(self, table: str) -> str:
        return f"preset {self.name}, {table}"


def _counted(tables: Sequence[_Table]) -> Iterator[str]:
    """Yield the methods of some tables in their order, with how often each stands in a row."""
    for method, row in groupby(table["method"] for table in tables):
        n = len(list(row))
        yield method if n == 1 else f"{n} x {method}"
