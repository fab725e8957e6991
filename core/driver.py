"""Many events through one pipeline: in parallel processes, resumable, one submission at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import joblib
import numba

from clew.arrays import Int32Array
from clew.event import Event
from clew.io import EventSource, Part, PartStore, atomic_write, read_event
from clew.metrics import event_score, phase1_weights, phase2_weights
from clew.pipeline import Pipeline
from clew.preset import Preset

__all__ = [
    "EventSummary",
    "new_process",
    "parallel_events",
    "preset_path",
    "preset_pipeline",
    "reconstruct_events",
]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class EventSummary:
    """What is told of a reconstructed event.

    Attributes
    ----------
    event_id, n_hits, n_seeds, n_tracks : int
    seconds : dict
        Wall time per stage.
    phase1, phase2 : float or None
        TrackML scores, where the truth is known.
    picture : str or None
        Path of the event's picture, if one was asked for.
    """

    event_id: int
    n_hits: int
    n_seeds: int
    n_tracks: int
    seconds: dict[str, float]
    phase1: float | None = None
    phase2: float | None = None
    picture: str | None = None


def reconstruct_events(
    sources: Sequence[EventSource],
    output: Path,
    preset: Preset,
    jobs: int = 1,
    pictures: Path | None = None,
) -> Iterator[EventSummary]:
    """Reconstruct events and write their submission; yields a summary per event as it gets ready.

    The resolved preset is written beside the submission.  Finished events of an interrupted run with the
    same preset and the same files are not reconstructed again.

    Parameters
    ----------
    sources : sequence of EventSource
    output : Path
        The submission, .csv or .csv.gz; written when all events are done.
    preset : Preset
    jobs : int
        Processes; each reconstructs one event at a time.
    pictures : Path or None
        Folder for a picture of each event.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    settings = f"{preset.to_toml()}\npictures {pictures}"
    fingerprints = {source.event_id: source.fingerprint(settings) for source in sources}
    parts = PartStore(output)
    todo = [source for source in sources if not parts.has(source.event_id, fingerprints[source.event_id])]
    for event_id in sorted(fingerprints.keys() - {source.event_id for source in todo}):
        yield EventSummary(**parts.load(event_id, fingerprints[event_id]).summary)
    work = partial(_reconstruct, fingerprints=fingerprints, preset=preset, parts=parts, pictures=pictures)
    yield from parallel_events(work, todo, jobs)
    with atomic_write(preset_path(output)) as temporary:
        temporary.write_text(preset.to_toml(), encoding="utf-8")
    parts.merge(fingerprints.items())


def preset_path(output: Path) -> Path:
    """Return where the resolved preset of a submission is written."""
    return output.with_name(f"{output.name.removesuffix('.gz').removesuffix('.csv')}.preset.toml")


def parallel_events(
    work: Callable[[_Item], _Result], sources: Sequence[_Item], jobs: int
) -> Iterator[_Result]:
    """Yield work(source) of each event as it gets ready, from `jobs` processes that share the cores."""
    if jobs == 1 or len(sources) < 2:
        yield from map(work, sources)
        return
    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    yield from parallel(joblib.delayed(_with_threads)(work, source, threads) for source in sources)


def _with_threads(work: Callable[[_Item], _Result], source: _Item, threads: int) -> _Result:
    numba.set_num_threads(threads)
    return work(source)


def new_process() -> ProcessPoolExecutor:
    """Return a worker in a fresh interpreter, which shares nothing with this one."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def preset_pipeline(preset: Preset) -> Pipeline:
    """Return the preset's pipeline; a process builds it once and keeps it."""
    return _cached_pipeline(preset.to_toml(), preset.name)


@lru_cache(maxsize=1)
def _cached_pipeline(preset: str, name: str) -> Pipeline:
    return Pipeline.from_preset(Preset.parse(preset, name, f"preset {name}"))


def _reconstruct(
    source: EventSource,
    fingerprints: Mapping[int, str],
    preset: Preset,
    parts: PartStore,
    pictures: Path | None,
) -> EventSummary:
    event = read_event(source)
    result = preset_pipeline(preset).reconstruct(event.hits)
    phase1, phase2 = _scores(event, result.labels)
    summary = EventSummary(
        event_id=source.event_id,
        n_hits=len(event.hits),
        n_seeds=len(result.seeds),
        n_tracks=result.n_tracks,
        seconds=result.seconds,
        phase1=phase1,
        phase2=phase2,
        picture=None if pictures is None else _draw(event, result.labels, pictures),
    )
    part = Part(source.event_id, event.hits.hit_id, result.labels, asdict(summary))
    parts.save(part, fingerprints[source.event_id])
    return summary


def _scores(event: Event, labels: Int32Array) -> tuple[float, float] | tuple[None, None]:
    truth, particles = event.truth, event.particles
    if truth is None or particles is None:
        return None, None
    weights = phase1_weights(truth, particles), phase2_weights(truth, particles)
    first, second = (event_score(labels, truth.particle_id, weight) for weight in weights)
    return first, second


def _draw(event: Event, labels: Int32Array, folder: Path) -> str:
    from clew.plots import draw_event  # matplotlib takes longer to import than all the rest

    return str(draw_event(event, labels, folder / f"event{event.event_id:09d}.png"))
