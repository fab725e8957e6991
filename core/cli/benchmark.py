"""`clew benchmark`: how long every stage takes on this machine, beside the paper's times."""

from __future__ import annotations

import argparse

from clew.cli.options import add_detector_option, add_preset_option, count

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source", metavar="SOURCE", nargs="?", help="an event's prefix (default: the bundled one)"
    )
    add_detector_option(parser)
    add_preset_option(parser)
    parser.add_argument(
        "--networks",
        nargs="*",
        metavar="NAME",
        help="networks to time, none to time the preset's stages only (default: the paper's four)",
    )
    parser.add_argument(
        "--tracks", type=count, metavar="N", help="tracks per batch of networks (default: 10000)"
    )
    parser.add_argument(
        "--repeats", type=count, metavar="N", help="timed runs after the warm-up (default: 3)"
    )
    parser.add_argument(
        "--scaling",
        nargs="+",
        metavar="SOURCE",
        help="events of several sizes, to show how time grows with hits",
    )
    parser.add_argument("--scaling-plot", metavar="FILE", help="draw time against hits, .png")
    parser.add_argument("-o", "--output", metavar="FILE", help="write all numbers as .json")
    parser.add_argument("--plot", metavar="FILE", help="draw the times beside the paper's, .png")


def run(options: argparse.Namespace) -> None:
    """Measure, print the tables and write the numbers."""
    import sys
    from pathlib import Path

    from clew import benchmark
    from clew.data import LARGE_EVENT, events_folder
    from clew.io import find_events, read_event

    given = {
        "preset": options.preset,
        "networks": None if options.networks is None else tuple(options.networks),
        "n_tracks": options.tracks,
        "repeats": options.repeats,
    }
    config = benchmark.BenchmarkConfig(**{key: value for key, value in given.items() if value is not None})
    (source,) = find_events(options.source or events_folder() / LARGE_EVENT, 0, 1, bundle=options.detector)
    sizes = [
        event for folder in options.scaling or () for event in find_events(folder, bundle=options.detector)
    ]
    result = benchmark.run(
        read_event(source), config, lambda line: print(line, file=sys.stderr), source, sizes
    )
    print(result.table())
    if options.output:
        result.write(Path(options.output))
        print(f"\nnumbers: {options.output}")
    if options.scaling_plot and result.scaling is not None:
        from clew.plots.scaling import draw_scaling

        print(f"picture: {draw_scaling(result.scaling, options.scaling_plot)}")
    if options.plot:
        from clew.plots import draw_times

        print(f"picture: {draw_times(result.bars(), options.plot)}")
