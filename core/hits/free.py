"""The hits of an event that no track has taken yet, and where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from clew.arrays import BoolArray
from clew.event import Hits
from clew.hits.space import SearchSpace, select_space, whole_space

__all__ = ["FreeHits"]


@dataclass(frozen=True, eq=False)
class FreeHits:
    """A read-only choice among the hits of an event; what searches need of it is made once.

    Attributes
    ----------
    hits : Hits
    mask : ndarray of shape (n_hits,), bool
        Which hits are free; it cannot be written to.

    Examples
    --------
    >>> free = FreeHits.of(hits)                        # doctest: +SKIP
    >>> later = free.without(labels > 0)                # doctest: +SKIP
    """

    hits: Hits
    mask: BoolArray
    _before: FreeHits | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.mask.flags.writeable = False

    @classmethod
    def of(cls, hits: Hits) -> FreeHits:
        """Return all hits of an event."""
        return cls(hits, np.ones(len(hits), dtype=np.bool_))

    def without(self, taken: BoolArray) -> FreeHits:
        """Return those that are free still when the hits of a mask of shape (n_hits,) are taken."""
        return FreeHits(self.hits, self.mask & ~taken, self)

    @cached_property
    def space(self) -> SearchSpace:
        """The free hits as searches see them: chosen from those that were free before, which are fewer."""
        if self._before is None:
            whole = whole_space(self.hits)
            return select_space(whole, whole, self.mask)
        return select_space(self._whole.space, self._before.space, self.mask)

    @cached_property
    def _whole(self) -> FreeHits:
        """The choice that this one goes back to."""
        return self if self._before is None else self._before._whole
