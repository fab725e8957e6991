"""`clew score`: any submission against the truth of its events."""

from __future__ import annotations

import argparse

from clew.cli.options import (
    add_detector_option,
    add_event_options,
    bytes_limit,
    chosen_events,
)

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("submission", metavar="SUBMISSION", help="event_id,hit_id,track_id; .csv or .csv.gz")
    add_event_options(parser)
    add_detector_option(parser)


def run(options: argparse.Namespace) -> None:
    """Print both scores of every event of the submission, then all track metrics averaged, then notes."""
    from clew.cli.report import noting, print_scores
    from clew.io import read_event, read_submission
    from clew.metrics import evaluate, summarise

    with noting():
        sources = chosen_events(options, need_hits=False)
        only = sources[0].event_id if len(sources) == 1 else None
        submission = read_submission(options.submission, only, bytes_limit(options))
        submission.require_events(source.event_id for source in sources)
        wanted = [source for source in sources if source.event_id in submission.event_ids]
        for source in wanted:
            source.require_truth()
        reports = []
        for source in wanted:
            event = read_event(source)
            reports.append(evaluate(event, submission.labels(source.event_id, event.hits.hit_id)))
        print_scores(reports)
        print()
        print(summarise(reports).table())
