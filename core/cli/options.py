"""Options that several subcommands share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clew.io import EventSource

__all__ = [
    "add_detector_option",
    "add_event_options",
    "add_jobs_option",
    "add_preset_option",
    "bytes_limit",
    "chosen_events",
    "count",
]


def count(text: str) -> int:
    """Parse a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def add_event_options(parser: argparse.ArgumentParser) -> None:
    """Add SOURCE, --skip and --events."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="event prefix (such as data/event000001000), folder or zip of events; .csv, .parquet, or .csv"
        " with .gz, .bz2, .xz or .zst",
    )
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N events")
    parser.add_argument("--events", type=count, metavar="N", help="take N events at most")
    parser.add_argument(
        "--unpacked",
        type=count,
        default=1,
        metavar="GIB",
        help="refuse compressed files that unpack to more (default: 1)",
    )


def bytes_limit(options: argparse.Namespace) -> int:
    """Return to how many bytes a compressed file may unpack."""
    return int(options.unpacked) * 2**30


def chosen_events(options: argparse.Namespace, need_hits: bool = True) -> list[EventSource]:
    """Return the events that `add_event_options` and `add_detector_option` let the user choose.

    A wrong bundle is refused at once.
    """
    from clew.detector import detector_of
    from clew.io import find_events

    bundle = getattr(options, "detector", None)
    limit = bytes_limit(options)
    sources = find_events(options.source, options.skip, options.events, need_hits, limit, bundle)
    detector_of(sources[0].bundle)
    return sources


def add_detector_option(parser: argparse.ArgumentParser) -> None:
    """Add --detector."""
    parser.add_argument(
        "--detector",
        metavar="FOLDER",
        help="bundle of the detector that measured them, as `clew calibrate` makes it (default: TrackML's)",
    )


def add_preset_option(parser: argparse.ArgumentParser) -> None:
    """Add --preset."""
    parser.add_argument(
        "--preset", metavar="NAME|FILE", help="a shipped preset or a .toml file (default: clew)"
    )


def add_jobs_option(parser: argparse.ArgumentParser) -> None:
    """Add --jobs."""
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help="events at the same time")
