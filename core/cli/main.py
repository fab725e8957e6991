"""The `clew` command: one module of this package per subcommand, imported only when it runs."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from clew.errors import ClewError, ClewWarning

__all__ = ["main"]

_COMMANDS: Final = {
    "reconstruct": "find the tracks of events and write a submission",
    "score": "score a submission against the truth",
    "evaluate": "run a preset on events with truth and report how good each stage is",
    "compare": "run several presets on the same events and print one table",
    "validate": "compare events with what is known of the real ones",
    "dataset": "put the true tracks of events into a compact set for training",
    "prepare": "put the hits of events through a list of transforms, for studies and training",
    "train": "train a network on track sets or events",
    "study": "run a system of the literature in its published setting",
    "calibrate": "learn what the clusters of a detector tell, from events with truth, into its bundle",
    "simulate": "make events as the TrackML detector would record them",
    "benchmark": "measure the time of every stage and of the paper's networks",
    "info": "show what is installed: versions, devices, presets, weights",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 2 for refused input, 130 when interrupted."""
    options = _parser().parse_args(arguments)

    from clew.compilation import announcing_compilation  # imports numba, which --help does not wait for

    try:
        with announcing_compilation(), _warning_in_one_line(options.command):
            options.run(options)
    except ClewError as error:
        print(f"clew {options.command}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"clew {options.command}: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


@contextmanager
def _warning_in_one_line(command: str) -> Iterator[None]:
    """Print Clew's own warnings as its errors are, without the place in the code."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, ClewWarning):
                print(f"clew {command}: warning: {message}", file=sys.stderr)
            else:
                others(message, category, *where, **more)

        warnings.showwarning = show
        yield


class _Version(argparse.Action):
    """Prints the version; it is looked up only then, as that takes longer than to parse a command line."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import clew

        print(f"clew {clew.__version__}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clew", description="Find the tracks of charged particles in TrackML detector hits."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        module = import_module(f"clew.cli.{name}")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
