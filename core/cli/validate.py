"""`clew validate`: events with truth against what is known of the real ones."""

from __future__ import annotations

import argparse

from clew.cli.options import add_event_options, add_jobs_option, chosen_events

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    parser.add_argument(
        "--detectors", metavar="FILE", help="the modules' geometry (default: detectors.csv beside the events)"
    )
    parser.add_argument(
        "--thinned", action="store_true", help="the events hold a part of their particles only"
    )
    parser.add_argument("--pictures", metavar="DIR", help="draw spectra, residuals, clusters and rows, .png")
    parser.add_argument("--strict", action="store_true", help="exit with 2 if a row fails")
    add_jobs_option(parser)


def run(options: argparse.Namespace) -> None:
    """Print one row per fact; draw pictures."""
    from pathlib import Path

    from tqdm import tqdm

    from clew.errors import InputError
    from clew.io import TableFile
    from clew.validation import FAIL, Measured, measure_events, report, table

    sources = chosen_events(options, need_hits=False)
    detectors = TableFile(Path(options.detectors)) if options.detectors else None
    work = measure_events(sources, detectors, options.jobs)
    measured = Measured.add(tqdm(work, total=len(sources), unit="event", disable=None, leave=False))
    rows = report(measured, options.thinned)
    print(f"{measured.n_events} events")
    print(table(rows))
    if options.pictures:
        from clew.plots.validation import draw_validation

        for path in draw_validation(measured, rows, Path(options.pictures)):
            print(f"picture: {path}")
    failed = [row.fact.name for row in rows if row.verdict == FAIL]
    if options.strict and failed:
        raise InputError(f"{options.source}: {len(failed)} rows fail, the first is {failed[0]!r}")
