"""`clew study`: a system of the literature in its published setting, or Clew in unusual events: a report."""

from __future__ import annotations

import argparse

from clew.cli.options import count
from clew.studies import STUDIES

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", choices=sorted(STUDIES), metavar="NAME", help=", ".join(sorted(STUDIES)))
    parser.add_argument(
        "events", nargs="+", metavar="EVENTS", help="event prefixes, folders or zips of events with truth"
    )
    parser.add_argument("--samples", type=count, metavar="N", help="follow N tracks at most (stepwise only)")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder for report and pictures")


def run(options: argparse.Namespace) -> None:
    """Run the study; print its report and write it beside the pictures."""
    from pathlib import Path

    from clew.errors import ConfigError
    from clew.io import atomic_write, find_events

    study = STUDIES[options.name]
    if options.samples is not None and not study.samples:
        raise ConfigError(f"--samples: the study {options.name} follows no single tracks: leave it out")
    extra = {} if options.samples is None else {"samples": options.samples}
    sources = [source for path in options.events for source in find_events(path)]
    for source in sources:
        source.require_truth()
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    report = study.load()(sources, folder, **extra)
    with atomic_write(folder / f"{options.name}.txt") as temporary:
        temporary.write_text(report, encoding="utf-8")
    print(report, end="")
    print(f"report and pictures: {folder}")
