"""`clew calibrate`: what clusters tell of directions, learned from events with truth into a bundle."""

from __future__ import annotations

import argparse

from clew.cli.options import count

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="event prefix, folder or zip of events with truth and cells, detectors.csv beside them",
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FOLDER",
        help="a bundle, whose detector.toml and layers.csv stay, or a new folder, which gets TrackML's",
    )
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out each SOURCE's first N")
    parser.add_argument("--events", type=count, metavar="N", help="take N events of each SOURCE at most")


def run(options: argparse.Namespace) -> None:
    """Calibrate, with progress, and print what was learned."""
    from functools import partial
    from pathlib import Path

    from tqdm import tqdm

    from clew.calibration import calibrate, information_table
    from clew.io import find_events

    found = [find_events(source, options.skip, options.events) for source in options.source]
    sources = [event for events in found for event in events]
    rows = calibrate(sources, Path(options.output), partial(tqdm, unit="event", disable=None, leave=False))
    print(f"calibrated: {options.output}, on {len(sources)} events")
    print(information_table(rows))
