"""`clew compare`: presets on the same events, in one table."""

from __future__ import annotations

import argparse

from clew.cli.options import add_event_options, chosen_events, count

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    parser.add_argument(
        "--presets",
        nargs="+",
        metavar="NAME|FILE",
        help="shipped presets or .toml files (default: all that ship)",
    )
    parser.add_argument(
        "--rounds", type=count, default=3, metavar="N", help="timed rounds over all events (default: 3)"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw scores against time, .png")


def run(options: argparse.Namespace) -> None:
    """Measure, print the table and draw it."""
    from tqdm import tqdm

    from clew.io import check_output
    from clew.pipeline.comparison import compare_presets, comparison_table
    from clew.pipeline.preset import Preset, available_presets

    if options.plot:
        check_output(options.plot)
    presets = [Preset.load(name) for name in options.presets or available_presets()]
    sources = chosen_events(options)
    total = (options.rounds + 1) * len(presets) * len(sources)
    with tqdm(total=total, unit="event", disable=None, leave=False) as bar:
        rows = compare_presets(presets, sources, options.rounds, bar.update)
    print(comparison_table(rows))
    if options.plot:
        from clew.plots.comparison import draw_comparison

        print(f"picture: {draw_comparison(rows, options.plot)}")
