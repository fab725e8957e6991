"""What objects show of themselves: one line where Python prints them, a small table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["Displayed"]


class Displayed:
    """Shows facts instead of arrays; a dataclass that is one is declared with `repr=False`."""

    def facts(self) -> Mapping[str, object]:
        """Return what is worth showing, by name."""
        raise NotImplementedError

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.facts().items())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(_text(value))}</td></tr>"
            for name, value in self.facts().items()
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"


def _text(value: object) -> str:
    return f"{value:,}" if type(value) is int else str(value)
