"""What each number of a report means, in one line, and its unit; see docs/metrics.md for the definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["described"]

_SCORES: Final = {
    "phase1": "of 1: weight of hits on right tracks, weights of the accuracy phase",
    "phase2": "of 1: the same, weights of the throughput phase",
    "n_hits": "hits per event",
    "n_particles": "particles with a hit per event",
}
_TRACKS: Final = {
    "n_tracks": "tracks of 3 hits or more per event",
    "fake": "of tracks: no particle made more than half of the hits",
    "duplicate": "of tracks: the particle has a better one",
}
_ABOVE: Final = {
    "n_particles": "particles of 3 hits or more, |eta| < 4",
    "n_tracks": "tracks led by one of them",
    "perfect": "of particles: a track of all their hits and no other",
    "double_majority": "of particles: a track holds more than half of the hits and is more than half theirs",
    "lhc": "of tracks: more than 75% of the hits are from one particle",
    "fake": "of tracks: no more than half of the hits are from one particle",
    "duplicate": "of tracks: the particle has a better one",
}
_SEEDS: Final = {
    "n_seeds": "seeds per event",
    "n_matched": "seeds whose majority particle has 10 hits or more",
    "n_reference": "particles of 10 hits or more",
    "n_found": "of these, the majority of a seed",
    "found": "of particles of 10 hits or more: the majority of a seed",
    "perfect": "of matched seeds: all hits from one particle",
    "purity": "of the hits of matched seeds: from the majority particle",
    "all_perfect": "of seeds: all hits from one particle",
    "all_purity": "of the hits of seeds: from the particle that made most",
    "duplicates": "matched seeds per found particle",
    "fakes": "of seeds: no majority particle",
}
_PREDICTIONS: Final = {
    "n_seeds": "matched seeds per event",
    "right": "of the five hits that follow a seed: of its particle",
    "filled": "of the five hits that follow a seed: filled by any hit",
}
_GROUPS: Final = {
    "": ("scores", _SCORES),
    "tracks.": ("tracks", _TRACKS),
    "seeds.": ("seeds", _SEEDS),
    "true seeds.": ("predictions from true seeds", _PREDICTIONS),
    "found seeds.": ("predictions from the seeds found", _PREDICTIONS),
    "seconds.": ("wall time, s per event", {}),
}


def described(numbers: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of a table: numbers by group, each with what it means.

    Parameters
    ----------
    numbers : mapping
        Of `EventReport.scalars`, by their names.
    """
    previous = None
    for name, value in numbers.items():
        prefix, key = name[: name.rfind(".") + 1], name[name.rfind(".") + 1 :]
        title, meanings = _GROUPS[prefix] if prefix in _GROUPS else (_above(prefix), _ABOVE)
        if prefix != previous:
            yield from ("", title)
        previous = prefix
        yield f"  {key:<16}{value!s:>20}  {meanings.get(key, '')}".rstrip()


def _above(prefix: str) -> str:
    return f"particles above pT {prefix.removeprefix('pt>').removesuffix('.')} GeV"
