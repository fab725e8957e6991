"""`clew calibrate`: a detector's bundle, learned from its description and a few events."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from clew.cli.options import add_jobs_option, count

if TYPE_CHECKING:
    from pathlib import Path

    from clew.io import EventSource
    from clew.pipeline.preset import Preset

__all__ = ["add_arguments", "run"]

_DESCRIPTIONS = (".toml", ".csv", ".csv.gz", ".parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        nargs="+",
        metavar="[DETECTOR] EVENTS",
        help="DETECTOR: a detectors.csv of TrackML or of ACTS, a .toml of cylinders and discs, or a bundle "
        "whose description stays (default: the detectors.csv beside the events, or else where hits are); "
        "EVENTS: event prefixes, folders or zips, best with truth and cells",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FOLDER", help="a new folder, or a bundle to replace"
    )
    parser.add_argument(
        "--field",
        metavar="TESLA|MAP",
        help="such as 2T; or a text file of rows x y z Bx By Bz, mm and T (default: from true momenta)",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="of the detector (default: as in the .toml, or FOLDER)"
    )
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out each EVENTS' first N")
    parser.add_argument("--events", type=count, metavar="N", help="take N events of each EVENTS at most")
    parser.add_argument(
        "--presets",
        nargs="*",
        metavar="NAME|FILE",
        help="what is tried on events held out, or none (default: clew, with and without its network)",
    )
    add_jobs_option(parser)


def run(options: argparse.Namespace) -> None:
    """Calibrate, with progress, and print what was learned."""
    from functools import partial
    from pathlib import Path

    from tqdm import tqdm

    from clew.calibration import (
        CalibrationConfig,
        calibrate,
        calibrate_tables,
        given_field,
        information_table,
    )

    description, sources = _parts(options)
    output, progress = Path(options.output), partial(tqdm, unit="event", disable=None, leave=False)
    if description is not None and description.is_dir():
        rows = calibrate_tables(sources, description, output, progress)
        print(f"calibrated: {output}, on {len(sources)} events")
        print(information_table(rows))
        return
    config = CalibrationConfig(
        description=description,
        solenoid=None if options.field is None else given_field(options.field),
        name=options.name,
        presets=_presets(options.presets),
        jobs=options.jobs,
    )
    print(calibrate(sources, output, config, progress), end="")
    print(f"\ncalibrated: {output}, on {len(sources)} events")


def _parts(options: argparse.Namespace) -> tuple[Path | None, list[EventSource]]:
    """Return the description, if the first argument is one, and the events that the others name."""
    from pathlib import Path

    from clew.calibration.bundles import is_bundle
    from clew.errors import ConfigError
    from clew.io import find_events

    first = Path(options.source[0])
    described = first.name.endswith(_DESCRIPTIONS) or is_bundle(first)
    names = options.source[1:] if described else options.source
    if not names:
        raise ConfigError(f"{first}: is a description only: name events after it")
    events = [event for name in names for event in find_events(name, options.skip, options.events)]
    return (first if described else None), events


def _presets(names: list[str] | None) -> tuple[Preset, ...]:
    from clew.calibration.check import with_kalman
    from clew.pipeline.preset import DEFAULT_PRESET, Preset

    if names is not None:
        return tuple(map(Preset.load, names))
    default = Preset.load(DEFAULT_PRESET)
    return default, with_kalman(default)
