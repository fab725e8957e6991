"""The `clew` command: one module of this package per subcommand, imported only when it runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final

from clew.cli.stopping import Stopper
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
    "calibrate": "learn a detector from its description and a few events, into a bundle",
    "simulate": "make events as the TrackML detector would record them",
    "benchmark": "measure the time of every stage and of the paper's networks",
    "info": "show what is installed: versions, devices, presets, weights",
}


_GOES_ON: Final = {
    **dict.fromkeys(("reconstruct", "simulate", "dataset", "prepare"), "the same command goes on from here"),
    "train": "the same command with --resume goes on from the last epoch",
}
"""What is said of the commands that keep what they have done when they are stopped."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process; then the signals to it are heard, too.

    Returns
    -------
    int
        The exit code: 0; 2 for refused input and for what the system refuses; 3 where bad events were left
        out; 128 and the number of a signal that stopped it, 130 for Ctrl-C; 141 where nobody reads what it
        prints.
    """
    command = _Command()
    stopper = Stopper(command.say_stopped)
    if arguments is None:
        stopper.listen()
    try:
        code = command.run(arguments)
    except (Exception, KeyboardInterrupt) as error:
        if stopper.heard or isinstance(error, KeyboardInterrupt):
            return stopper.say()
        if not isinstance(error, ClewError | OSError | MemoryError):
            raise
        return command.refuse(error)
    stopper.deafen()
    return code


class _Command:
    """A run of the command line; its name stands before all that it says on stderr."""

    def __init__(self) -> None:
        self._name = "clew"

    def run(self, arguments: Sequence[str] | None) -> int:
        """Do what the arguments say and return the exit code; all that is printed has been written then."""
        try:
            options = _parser().parse_args(arguments)
            self._name = f"clew {options.command}"

            from clew.compilation import announcing_compilation  # imports numba: --help does not wait for it

            with announcing_compilation(), self._warning_in_one_line():
                code: int | None = options.run(options)
                return code or 0
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()

    def refuse(self, error: Exception) -> int:
        """Say in a line what is wrong; return the exit code."""
        broken = isinstance(error, BrokenPipeError)
        if not broken:
            self._say(f"error: {_message(error)}")
        _drop_unwritten()
        return 128 + signal.SIGPIPE if broken else 2

    def say_stopped(self, number: int) -> None:
        """Say that a signal stopped the command, and how it goes on."""
        how = "interrupted" if number == signal.SIGINT else "stopped"
        goes_on = _GOES_ON.get(self._name.removeprefix("clew "))
        self._say(f"{how}; {goes_on}" if goes_on else how)

    def _say(self, text: str) -> None:
        with suppress(OSError):  # where nobody reads it
            print(f"{self._name}: {text}", file=sys.stderr, flush=True)

    @contextmanager
    def _warning_in_one_line(self) -> Iterator[None]:
        """Print Clew's own warnings as its errors are, without the place in the code, and each text once."""
        told = set()
        with warnings.catch_warnings():
            others = warnings.showwarning

            def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
                if issubclass(category, ClewWarning):
                    if str(message) not in told:
                        self._say(f"warning: {message}")
                    told.add(str(message))
                else:
                    others(message, category, *where, **more)

            warnings.showwarning = show
            yield


def _message(error: Exception) -> str:
    """Return what an error says, in one line."""
    if isinstance(error, MemoryError):
        return "not enough memory: give fewer --jobs, or smaller events"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or str(error)
        return f"{where}{reason}: check the path, its permissions and the space there"
    return str(error)


def _drop_unwritten() -> None:
    """Drop what was printed and cannot be written: the interpreter would complain of it at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
