"""What became of a mutated input: it was accepted, or refused in one line; nothing else may happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from clew.errors import ClewError

Outcome: TypeAlias = Literal["accepted", "refused"]


def outcome_of(read: Callable[[], object]) -> Outcome:
    """Return whether reading was refused with one of Clew's errors, in one line that says something.

    Any other exception passes, and so does an AssertionError for a refusal of several lines.
    """
    try:
        read()
    except ClewError as error:
        line = str(error)
        assert line, "a refusal without a word"
        assert len(line.splitlines()) == 1, f"a refusal in several lines: {line!r}"
        return "refused"
    return "accepted"
