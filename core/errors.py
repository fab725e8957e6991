"""The errors and warnings that Clew raises on purpose: one line each, saying what is wrong and what to do."""

from __future__ import annotations

__all__ = ["ClewError", "ClewWarning", "ConfigError", "InputError", "RunError"]


class ClewError(Exception):
    """Base of Clew's own errors; the command line prints them in one line and exits with 2."""


class InputError(ClewError):
    """An input file or array cannot be used; the message names file, row and remedy."""


class ConfigError(ClewError):
    """A preset or setting is wrong; the message names the key and the allowed values."""


class RunError(ClewError):
    """A run cannot go on: its output cannot be written or is another run's, or a worker died."""


class ClewWarning(UserWarning):
    """Input that can be used but looks wrong, in one line."""
