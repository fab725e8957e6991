"""One benchmark from an event to its tables and its JSON file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from clew.benchmark.networks import PER_TRACKS, find_gpu, keras_backend
from clew.benchmark.paper import PAPER_NETWORKS, PAPER_ROWS, NetworkWork, TimeRow, time_row
from clew.benchmark.scaling import Scaling, time_scaling
from clew.benchmark.stages import StageTimes, time_stages
from clew.benchmark.startup import StartTimes, time_start
from clew.benchmark.table import paper_table, scaling_table, stage_table
from clew.errors import InputError
from clew.event import Event
from clew.extend.windows.networks import layers_of
from clew.io import EventSource, atomic_write
from clew.machine import Machine, describe_machine
from clew.pipeline.preset import DEFAULT_PRESET, Preset

__all__ = ["BenchmarkConfig", "BenchmarkResult", "run"]


@dataclass(frozen=True)
class BenchmarkConfig:
    """What is measured, and how often.

    Attributes
    ----------
    preset : str
        Name or .toml file.
    networks : tuple of str
        Names in clew.extend.windows.networks.NETWORKS; none leaves Keras out of it.
    n_tracks : int
        Tracks that each network predicts per repeat.
    repeats : int
        After a warm-up that does not count.
    """

    preset: str = DEFAULT_PRESET
    networks: tuple[str, ...] = tuple(PAPER_NETWORKS.values())
    n_tracks: int = PER_TRACKS
    repeats: int = 3


@dataclass(frozen=True)
class BenchmarkResult:
    """Times of one event on one machine.

    Attributes
    ----------
    machine : Machine
    backend : str or None
        Keras's backend, None where no network was timed.
    config : BenchmarkConfig
    event_id : int
    stages : StageTimes
        The preset's own stages.
    rows : tuple of TimeRow
        The paper's table for this machine, one row per device; empty where no network was timed.
    start : StartTimes or None
        Where the event was read from files.
    scaling : Scaling or None
        Where events of other sizes were given.
    """

    machine: Machine
    backend: str | None
    config: BenchmarkConfig
    event_id: int
    stages: StageTimes
    rows: tuple[TimeRow, ...]
    start: StartTimes | None = None
    scaling: Scaling | None = None

    def table(self) -> str:
        """Return both tables as text, with the machine below."""
        tables = [stage_table(self.stages, self.event_id)]
        if self.start is not None:
            tables.append(f"In a new process: {self.start}")
        if self.scaling is not None:
            tables.append(scaling_table(self.scaling))
        if self.rows:
            tables.append(paper_table(self.rows))
        backend = f"; Keras backend {self.backend}" if self.backend else ""
        note = f"Median of {self.config.repeats} repeats after a warm-up (fastest to slowest)."
        return "\n\n".join([*tables, f"{note}\n{self.machine}{backend}"])

    def bars(self) -> dict[str, dict[str, float]]:
        """Return the paper's rows and this machine's for clew.plots.draw_times, in s per 10,000 tracks."""
        return {
            row.name: {column: time.median for column, time in row.times.items() if column != "Total"}
            for row in (*PAPER_ROWS, *self.rows)
        }

    def write(self, path: Path | str) -> Path:
        """Write everything as JSON, whole or not at all, and return the path."""
        with atomic_write(path) as temporary:
            temporary.write_bytes(_ADAPTER.dump_json(self, indent=2) + b"\n")
        return Path(path)

    @classmethod
    def read(cls, path: Path | str) -> BenchmarkResult:
        """Read what `write` wrote; raises InputError for anything else."""
        try:
            return _ADAPTER.validate_json(Path(path).read_bytes())
        except (OSError, ValidationError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{path}: not a readable benchmark: {reason}: run the benchmark anew") from error


_ADAPTER: Final = TypeAdapter(BenchmarkResult)


def run(
    event: Event,
    config: BenchmarkConfig | None = None,
    announce: Callable[[str], None] | None = None,
    source: EventSource | None = None,
    scaling: Sequence[EventSource] = (),
) -> BenchmarkResult:
    """Measure a preset's stages on an event and the networks on every device.

    Parameters
    ----------
    event : Event
        Scores are measured too if it has truth.
    config : BenchmarkConfig, optional
    announce : callable, optional
        Is told in words what is measured next.
    source : EventSource, optional
        Where the event was read from, to measure start-up and reading too.
    scaling : sequence of EventSource
        Events of other sizes, to measure how time grows.

    Raises
    ------
    ConfigError
        For an unknown preset or network, or without Keras where networks are to be timed.
    InputError
        If the event gives no seeds.
    """
    config, announce = config or BenchmarkConfig(), announce or _silent
    for network in config.networks:
        layers_of(network)
    announce(f"stages of preset {config.preset}")
    preset = Preset.load(config.preset)
    stages = time_stages(preset, event, config.repeats)
    start, growth = None, None
    if source is not None:
        announce("start-up")
        start = time_start(preset, source, config.repeats)
    if scaling:
        announce(f"{len(scaling)} events of other sizes")
        growth = time_scaling(preset, scaling, config.repeats)
    backend = keras_backend() if config.networks else None
    rows = []
    for device, name in _devices() if config.networks else ():
        work = NetworkWork(device, config.networks, config.n_tracks, config.repeats)
        rows.append(time_row(f"this machine, {name}", work, stages, announce))
    return BenchmarkResult(
        describe_machine(), backend, config, event.event_id, stages, tuple(rows), start, growth
    )


def _silent(_: str) -> None:
    """Announce nothing."""


def _devices() -> list[tuple[str, str]]:
    """Return Keras's name of each device and what the table calls it."""
    gpu = find_gpu()
    return [("cpu", "CPU"), *([("gpu", f"GPU ({gpu})")] if gpu else [])]
