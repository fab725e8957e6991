"""Many events through one pipeline: in parallel processes, resumable, one submission at the end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeAlias

from clew.arrays import Int32Array
from clew.errors import ClewWarning, InputError
from clew.event import Event, Hits
from clew.io import EventSource, Part, PartStore, add_truth, atomic_write, make_folder, read_event
from clew.io.columns import check_table_path
from clew.metrics import phase_scores
from clew.parallel import parallel_events
from clew.pipeline.pipeline import Pipeline, Reconstruction
from clew.pipeline.preset import Preset

__all__ = [
    "BadEvent",
    "EventSummary",
    "preset_path",
    "preset_pipeline",
    "reconstruct_events",
]

Draw: TypeAlias = Callable[[Event, Int32Array], Path]
"""Draws the tracks of an event and returns the picture's path."""


@dataclass(frozen=True)
class EventSummary:
    """What is told of a reconstructed event.

    Attributes
    ----------
    event_id, n_hits, n_seeds, n_tracks : int
    seconds : dict
        Wall time per stage, with compiled kernels.
    phase1, phase2 : float or None
        TrackML scores, where they are asked for and the truth is known.
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


@dataclass(frozen=True)
class BadEvent:
    """An event that cannot be reconstructed, and why."""

    event_id: int
    reason: str


def reconstruct_events(
    sources: Sequence[EventSource],
    output: Path,
    preset: Preset,
    jobs: int = 1,
    draw: Draw | None = None,
    scores: bool = False,
    skip_bad: bool = False,
    tables: Mapping[str, Path] | None = None,
) -> Iterator[EventSummary | BadEvent]:
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
    draw : callable or None
        Makes a picture of each event, such as `clew.plots.EventPictures`; it is pickled to the processes.
    scores : bool
        Read the truth, where there is one, and score.  Pictures read it too; otherwise it is left alone.
    skip_bad : bool
        Go on after an event that cannot be read, yield it as a `BadEvent`, and leave it out.
    tables : mapping of str to Path, or None
        Files that "tracks" and "vertices" are written to, .parquet; tracks are fitted if any is asked for.

    Raises
    ------
    InputError
        If an event cannot be read; with `skip_bad`, if none can.

    Warns
    -----
    ClewWarning
        Of a truth that cannot be used, which costs the event its scores.
    """
    tables = tables or {}
    for path in tables.values():
        check_table_path(path)
    preset_pipeline(preset)  # refuses weights that cannot be used before anything is written
    make_folder(output.parent, output)
    settings = f"{preset.fingerprint()}\npictures {draw} scores {scores} tables {sorted(tables)}"
    fingerprints = {source.event_id: source.fingerprint(settings) for source in sources}
    parts = PartStore(output)
    with parts.held():
        todo = []
        for source in sources:
            done = _finished(parts, source.event_id, fingerprints[source.event_id])
            if done is None:
                todo.append(source)
            else:
                yield done
        work = partial(
            _or_bad_event if skip_bad else _reconstruct,
            fingerprints=fingerprints,
            preset=preset,
            parts=parts,
            draw=draw,
            scores=scores,
            tables=tuple(tables),
        )
        for event in parallel_events(work, todo, jobs):
            if isinstance(event, BadEvent):
                del fingerprints[event.event_id]
                if not fingerprints:
                    raise InputError(f"no event can be reconstructed; {event.event_id}: {event.reason}")
            yield event
        with atomic_write(preset_path(output)) as temporary:
            temporary.write_text(preset.to_toml(), encoding="utf-8")
            parts.merge(fingerprints.items(), tables)
        parts.discard()


def _finished(parts: PartStore, event_id: int, fingerprint: str) -> EventSummary | None:
    """Return what an earlier run told of an event; None if it is to be reconstructed."""
    part = parts.find(event_id, fingerprint)
    if part is None:
        return None
    summary = EventSummary(**part.summary)
    return summary if summary.picture is None or Path(summary.picture).is_file() else None


def preset_path(output: Path) -> Path:
    """Return where the resolved preset of a submission is written."""
    return output.with_name(f"{output.name.removesuffix('.gz').removesuffix('.csv')}.preset.toml")


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
    draw: Draw | None,
    scores: bool,
    tables: Collection[str],
) -> EventSummary:
    event = read_event(source, ("hits", "cells"))
    result = preset_pipeline(preset).reconstruct(event)
    if scores or draw is not None:
        event = _with_truth(event, source)
    phase1, phase2 = _scores(event, result.labels) if scores else (None, None)
    summary = EventSummary(
        event_id=source.event_id,
        n_hits=len(event.hits),
        n_seeds=len(result.seeds),
        n_tracks=result.n_tracks,
        seconds=result.seconds,
        phase1=phase1,
        phase2=phase2,
        picture=None if draw is None else str(draw(event, result.labels)),
    )
    further = _tables(event.hits, result, tables) if tables else {}
    part = Part(source.event_id, event.hits.hit_id, result.labels, asdict(summary), further)
    parts.save(part, fingerprints[source.event_id])
    return summary


def _or_bad_event(source: EventSource, **options: Any) -> EventSummary | BadEvent:
    try:
        return _reconstruct(source, **options)
    except InputError as error:
        return BadEvent(source.event_id, str(error))


def _with_truth(event: Event, source: EventSource) -> Event:
    try:
        return add_truth(event, source)
    except InputError as error:
        warnings.warn(f"event {event.event_id} has no usable truth: {error}", ClewWarning, stacklevel=2)
        return event


def _tables(hits: Hits, result: Reconstruction, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    from clew.vertexing import find_vertices  # most runs look for none, and start sooner without it

    tracks = result.fit(hits)
    made = {"tracks": tracks.columns()}
    if "vertices" in wanted:
        made["vertices"] = find_vertices(tracks).columns()
    return {name: made[name] for name in wanted}


def _scores(event: Event, labels: Int32Array) -> tuple[float, float] | tuple[None, None]:
    if event.truth is None or event.particles is None:
        return None, None
    try:
        return phase_scores(labels, event.truth, event.particles)
    except InputError as error:
        warnings.warn(f"event {event.event_id} has no scores: {error}", ClewWarning, stacklevel=2)
        return None, None
