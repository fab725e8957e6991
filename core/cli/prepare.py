"""`clew prepare`: hits of events with truth through a list of transforms, one file per event."""

from __future__ import annotations

import argparse

from clew.cli.options import add_event_options, add_jobs_option, chosen_events

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_event_options(parser)
    parser.add_argument(
        "--config", required=True, metavar="FILE", help="a .toml file with a list of [[transforms]]"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder of the .npz files, one per event"
    )
    add_jobs_option(parser)


def run(options: argparse.Namespace) -> None:
    """Prepare the events, with progress, and say how many hits remain."""
    from pathlib import Path

    from tqdm import tqdm

    from clew.errors import ConfigError
    from clew.experiments import read_experiment
    from clew.transforms import build_transforms, prepare_events, read_points

    settings = read_experiment(options.config)
    tables = settings.get("transforms")
    if set(settings) != {"transforms"} or not isinstance(tables, list):
        raise ConfigError(f"{options.config}: it must hold [[transforms]] and nothing else")
    transform = build_transforms(tables, options.config)
    sources = chosen_events(options)
    work = prepare_events(sources, Path(options.output), transform, options.jobs, repr(tables))
    paths = list(tqdm(work, total=len(sources), unit="event", disable=None, leave=False))
    hits = sum(len(read_points(path)) for path in paths)
    print(f"prepared:  {options.output}")
    print(f"{len(paths)} events, {hits:,} hits")
