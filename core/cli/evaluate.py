"""`clew evaluate`: how good every stage of a preset is on events with truth."""

from __future__ import annotations

import argparse

from clew.cli.options import add_event_options, add_jobs_option, add_preset_option, chosen_events

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    add_preset_option(parser)
    add_jobs_option(parser)
    parser.add_argument("--plot", metavar="FILE", help="draw efficiency against pT and eta, .png")


def run(options: argparse.Namespace) -> None:
    """Print scores, seed and prediction quality, efficiencies and times; draw the efficiencies."""
    from pathlib import Path

    from tqdm import tqdm

    from clew.cli.report import print_scores
    from clew.io import check_output
    from clew.metrics import summarise
    from clew.pipeline.evaluation import evaluate_events
    from clew.pipeline.preset import DEFAULT_PRESET, Preset

    if options.plot:
        check_output(options.plot)
    preset = Preset.load(options.preset or DEFAULT_PRESET)
    sources = chosen_events(options)
    work = evaluate_events(sources, preset, options.jobs)
    reports = sorted(
        tqdm(work, total=len(sources), unit="event", disable=None, leave=False), key=lambda r: r.event_id
    )
    print_scores(reports)
    summary = summarise(reports)
    print()
    print(summary.table())
    if options.plot:
        from clew.plots import draw_efficiency

        print(f"efficiencies: {draw_efficiency(summary.against_pt, summary.against_eta, Path(options.plot))}")
