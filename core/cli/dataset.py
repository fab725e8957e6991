"""`clew dataset`: the true tracks of events in compact form, for training."""

from __future__ import annotations

import argparse
import shlex

from clew.cli.options import add_event_options, add_jobs_option, chosen_events

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the track set; run again, it goes on"
    )
    add_jobs_option(parser)


def run(options: argparse.Namespace) -> None:
    """Make the track set, with progress, and say how large it is."""
    from pathlib import Path

    from tqdm import tqdm

    from clew.tracksets import make_tracks

    sources = chosen_events(options)
    folder = Path(options.output)
    work = make_tracks(sources, folder, options.jobs, _command(options))
    entries = list(tqdm(work, total=len(sources), unit="event", disable=None, leave=False))
    size = sum((folder / entry.file).stat().st_size for entry in entries)
    tracks, hits = (sum(getattr(entry, name) for entry in entries) for name in ("tracks", "hits"))
    print(f"track set: {folder}")
    print(f"{len(entries)} events, {tracks:,} tracks, {hits:,} hits, {size / 1e6:,.0f} MB")


def _command(options: argparse.Namespace) -> str:
    words = ["clew", "dataset", options.source]
    words += ["--skip", str(options.skip)] if options.skip else []
    words += ["--events", str(options.events)] if options.events else []
    return shlex.join([*words, "-o", options.output])
