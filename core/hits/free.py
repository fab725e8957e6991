"""The hits of an event that no track has taken yet, and where they are."""

from __future__ import annotations

import numpy as np

from clew.arrays import BoolArray
from clew.event import Hits
from clew.hits.space import SearchSpace, select_space, whole_space

__all__ = ["FreeHits"]


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

    def __init__(self, hits: Hits, mask: BoolArray, before: FreeHits | None = None) -> None:
        mask.flags.writeable = False
        self.hits, self.mask = hits, mask
        self._before = before
        self._whole: FreeHits | None = None if before is None else before._whole or before
        self._space: SearchSpace | None = None

    @classmethod
    def of(cls, hits: Hits) -> FreeHits:
        """Return all hits of an event."""
        return cls(hits, np.ones(len(hits), dtype=np.bool_))

    def without(self, taken: BoolArray) -> FreeHits:
        """Return those that are free still when the hits of a mask of shape (n_hits,) are taken."""
        return FreeHits(self.hits, self.mask & ~taken, self)

    @property
    def whole(self) -> SearchSpace:
        """All hits of the event, free or not."""
        return self.space if self._whole is None else self._whole.space

    @property
    def space(self) -> SearchSpace:
        """The free hits as searches see them: chosen from those that were free before, which are fewer."""
        if self._space is None:
            if self._before is None or self._whole is None:
                whole = before = whole_space(self.hits)
            else:
                whole, before = self._whole.space, self._before.space
            self._space = select_space(whole, before, self.mask)
            self._before = None  # no later pass asks for the space of an earlier one: it may go
        return self._space
