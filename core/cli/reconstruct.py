"""`clew reconstruct`: files of events in, a submission out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from clew.cli.options import (
    add_detector_option,
    add_event_options,
    add_jobs_option,
    add_preset_option,
    chosen_events,
)

if TYPE_CHECKING:
    from clew.plots import EventPictures

__all__ = ["add_arguments", "run"]

LEFT_OUT: Final = 3
"""Exit code where bad events were left out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    add_detector_option(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the submission, .csv or .csv.gz; replaced"
    )
    add_preset_option(parser)
    add_jobs_option(parser)
    parser.add_argument("--scores", action="store_true", help="score against the truth, where there is one")
    parser.add_argument(
        "--skip-bad-events",
        action="store_true",
        help="leave out events that cannot be read, list them at the end, and exit with 3",
    )
    parser.add_argument("--pictures", metavar="DIR", help="draw each event's tracks into this folder")
    parser.add_argument("--tracks", metavar="FILE", help="fit the tracks and write the table, .parquet")
    parser.add_argument(
        "--vertices", metavar="FILE", help="find the vertices of fitted tracks and write the table, .parquet"
    )


def run(options: argparse.Namespace) -> int:
    """Reconstruct the events, print one line per event, write the submission and the preset used.

    Returns 3 if bad events were left out.
    """
    from pathlib import Path

    from clew.cli.report import SummaryTable
    from clew.pipeline.driver import BadEvent, preset_path, reconstruct_events
    from clew.pipeline.preset import DEFAULT_PRESET, Preset

    preset = Preset.load(options.preset or DEFAULT_PRESET)
    sources = chosen_events(options, need_hits=not options.skip_bad_events)
    output = Path(options.output)
    draw = _pictures(options.pictures) if options.pictures else None
    tables = {name: Path(path) for name, path in _tables(options) if path}
    table, bad = SummaryTable(len(sources)), []
    for event in reconstruct_events(
        sources, output, preset, options.jobs, draw, options.scores, options.skip_bad_events, tables
    ):
        if isinstance(event, BadEvent):
            bad.append(event)
        else:
            table.add(event)
    table.close()
    print(f"submission: {output}")
    print(f"preset:     {preset_path(output)}")
    for name, path in tables.items():
        print(f"{f'{name}:':<12}{path}")
    if options.pictures:
        print(f"pictures:   {options.pictures}")
    for event in sorted(bad, key=lambda event: event.event_id):
        print(f"left out:   event {event.event_id}: {event.reason}")
    return LEFT_OUT if bad else 0


def _tables(options: argparse.Namespace) -> tuple[tuple[str, str | None], ...]:
    return ("tracks", options.tracks), ("vertices", options.vertices)


def _pictures(folder: str) -> EventPictures:
    from pathlib import Path

    from clew.io import make_folder
    from clew.plots import EventPictures  # matplotlib takes longer to import than all the rest

    make_folder(Path(folder), folder)
    return EventPictures(Path(folder))
