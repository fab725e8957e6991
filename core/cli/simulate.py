"""`clew simulate`: full events in the TrackML format, made from public packages."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from clew.cli.options import add_jobs_option, count

if TYPE_CHECKING:
    from clew.simulation import GunConfig, SimulationConfig
    from clew.simulation.driver import EventReport

__all__ = ["add_arguments", "run"]

_SETTINGS = (
    ("seed", int, "first number of all chance (default: 1)"),
    ("pileup", float, "mean number of soft collisions (default: 200)"),
    ("sigma-z", float, "length of the beam spot, mm (default: 5.5)"),
    ("sigma-xy", float, "width of the beam spot, mm (default: 0.0145)"),
    ("noise", float, "mean number of noise hits per module (default: 0.945)"),
    ("inefficiency", float, "chance of a crossing to leave no hit (default: 0.005)"),
    ("threshold", float, "shortest path that a cell is read out for, mm (default: 0)"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("output", metavar="OUT", help="folder of the data set; a run that stopped goes on")
    parser.add_argument("--events", type=count, default=1, metavar="N", help="number of events (default: 1)")
    parser.add_argument("--first", type=count, default=1, metavar="N", help="first number (default: 1)")
    for name, kind, text in _SETTINGS:
        parser.add_argument(f"--{name}", type=kind, metavar="N", help=text)
    parser.add_argument("--process", metavar="NAME", help="hard collision: ttbar (default), dijet or none")
    parser.add_argument("--no-interactions", action="store_true", help="no hadronic interactions")
    parser.add_argument("--no-material", action="store_true", help="no scattering, no energy loss")
    parser.add_argument(
        "--gun",
        metavar="KEY=VALUE,...",
        help="single particles instead of collisions: particles, pdg, charge; pt [GeV], eta, phi [rad] as "
        "value or low:high; vertex as x:y:z [mm]",
    )
    parser.add_argument(
        "--detector",
        metavar="FILE",
        help="a .toml of cylinders, discs, their modules and the field (default: the TrackML detector)",
    )
    parser.add_argument("--format", default="csv.gz", metavar="NAME", help="csv, csv.gz (default) or parquet")
    add_jobs_option(parser)


def run(options: argparse.Namespace) -> None:
    """Make the events, print a line for each and the mean times."""
    from pathlib import Path

    from tqdm import tqdm

    from clew.simulation.driver import simulate_events

    config = _config(options)
    events = range(options.first, options.first + options.events)
    work = simulate_events(Path(options.output), config, events, options.jobs, options.format)
    reports: list[EventReport] = []
    with tqdm(total=len(events), unit="event", disable=None, leave=False) as bar:
        for report in work:
            if not reports:
                bar.write(_line("event", "hits", "particles", *(f"{stage} s" for stage in report.seconds)))
            reports.append(report)
            bar.write(_row(report))
            bar.update()
    print(f"events:     {len(reports)} made, {len(events) - len(reports)} were there: {options.output}")
    if len(reports) > 1:
        _print_mean(reports)


def _config(options: argparse.Namespace) -> SimulationConfig:
    from pathlib import Path

    from clew.detector.shapes import read_description
    from clew.simulation import SimulationConfig

    names = [name.replace("-", "_") for name, _, _ in _SETTINGS] + ["process"]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return SimulationConfig(
        **given,
        interactions=not (options.no_interactions or options.detector),
        material=not options.no_material,
        gun=_gun(options.gun) if options.gun else None,
        description=read_description(Path(options.detector)) if options.detector else None,
    )


def _gun(text: str) -> GunConfig:
    from clew.errors import ConfigError
    from clew.simulation import GunConfig

    settings: dict[str, Any] = {}
    for item in text.split(","):
        key, _, value = item.partition("=")
        try:
            numbers = [float(number) for number in value.split(":")]
        except ValueError as error:
            raise ConfigError(f"--gun: {item!r} is not KEY=NUMBER or KEY=LOW:HIGH: correct it") from error
        if key in ("pt", "eta", "phi") and len(numbers) <= 2:
            settings[key] = (numbers[0], numbers[-1])
        elif key == "vertex" and len(numbers) == 3:
            settings[key] = tuple(numbers)
        elif key in ("particles", "pdg", "charge") and len(numbers) == 1 and numbers[0].is_integer():
            settings[key] = int(numbers[0])
        else:
            raise ConfigError(
                f"--gun: {item!r} is wrong: the keys are particles, pdg, charge (one whole number), "
                "pt, eta, phi (value or low:high) and vertex (x:y:z)"
            )
    return GunConfig(**settings)


def _line(*cells: str) -> str:
    return "".join(f"{cell:>16}" for cell in cells)


def _row(report: EventReport) -> str:
    seconds = [f"{value:.2f}" for value in report.seconds.values()]
    return _line(str(report.event_id), str(report.n_hits), str(report.n_particles), *seconds)


def _print_mean(reports: list[EventReport]) -> None:
    """Print the mean times without each process's first event, which pays for its start."""
    later = sorted(reports, key=lambda report: sum(report.seconds.values()))[: max(1, len(reports) * 3 // 4)]
    mean = {stage: sum(r.seconds[stage] for r in later) / len(later) for stage in later[0].seconds}
    bare = mean["generation"] + mean["transport"]
    total = sum(mean.values())
    print("mean of the fastest three quarters of the events:")
    for stage, seconds in mean.items():
        print(f"  {stage:<14} {seconds:6.2f} s")
    made = total - mean["writing"]
    print(f"  {'all':<14} {total:6.2f} s; without writing {made / bare:.2f} times Pythia and bare Fatras")
