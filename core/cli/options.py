"""Options that several subcommands share."""

from __future__ import annotations

import argparse

__all__ = ["add_event_options", "add_jobs_option", "add_preset_option", "count"]


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
        help="event prefix (such as data/event000001000), folder or zip of events; .csv, .csv.gz or .parquet",
    )
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N events")
    parser.add_argument("--events", type=count, metavar="N", help="take N events at most")


def add_preset_option(parser: argparse.ArgumentParser) -> None:
    """Add --preset."""
    parser.add_argument(
        "--preset", metavar="NAME|FILE", help="a shipped preset or a .toml file (default: clew)"
    )


def add_jobs_option(parser: argparse.ArgumentParser) -> None:
    """Add --jobs."""
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help="events at the same time")
