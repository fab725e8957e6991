"""`clew reconstruct`: files of events in, a submission out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from clew.cli.options import add_event_options, add_jobs_option, add_preset_option

if TYPE_CHECKING:
    from clew.plots import EventPictures

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the submission, .csv or .csv.gz; replaced"
    )
    add_preset_option(parser)
    add_jobs_option(parser)
    parser.add_argument("--pictures", metavar="DIR", help="draw each event's tracks into this folder")
    parser.add_argument("--tracks", metavar="FILE", help="fit the tracks and write the table, .parquet")
    parser.add_argument(
        "--vertices", metavar="FILE", help="find the vertices of fitted tracks and write the table, .parquet"
    )


def run(options: argparse.Namespace) -> None:
    """Reconstruct the events, print one line per event, write the submission and the preset used."""
    from pathlib import Path

    from clew.cli.report import SummaryTable
    from clew.io import find_events
    from clew.pipeline.driver import preset_path, reconstruct_events
    from clew.pipeline.preset import DEFAULT_PRESET, Preset

    preset = Preset.load(options.preset or DEFAULT_PRESET)
    sources = find_events(options.source, options.skip, options.events)
    output = Path(options.output)
    draw = _pictures(options.pictures) if options.pictures else None
    tables = {name: Path(path) for name, path in _tables(options) if path}
    table = SummaryTable(len(sources))
    for summary in reconstruct_events(sources, output, preset, options.jobs, draw, tables):
        table.add(summary)
    table.close()
    print(f"submission: {output}")
    print(f"preset:     {preset_path(output)}")
    for name, path in tables.items():
        print(f"{f'{name}:':<12}{path}")
    if options.pictures:
        print(f"pictures:   {options.pictures}")


def _tables(options: argparse.Namespace) -> tuple[tuple[str, str | None], ...]:
    return ("tracks", options.tracks), ("vertices", options.vertices)


def _pictures(folder: str) -> EventPictures:
    from pathlib import Path

    from clew.plots import EventPictures  # matplotlib takes longer to import than all the rest

    Path(folder).mkdir(parents=True, exist_ok=True)
    return EventPictures(Path(folder))
