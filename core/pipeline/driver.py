"""Many events through one pipeline: in parallel processes, resumable, one submission at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeAlias

from clew.arrays import Int32Array
from clew.event import Event, Hits
from clew.io import EventSource, Part, PartStore, atomic_write, read_event
from clew.io.columns import check_table_path
from clew.metrics import event_score, phase1_weights, phase2_weights
from clew.parallel import parallel_events
from clew.pipeline.pipeline import Pipeline, Reconstruction
from clew.pipeline.preset import Preset
from clew.vertexing import find_vertices

__all__ = [
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
    draw: Draw | None = None,
    tables: Mapping[str, Path] | None = None,
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
    draw : callable or None
        Makes a picture of each event, such as `clew.plots.EventPictures`; it is pickled to the processes.
    tables : mapping of str to Path, or None
        Files that "tracks" and "vertices" are written to, .parquet; tracks are fitted if any is asked for.
    """
    tables = tables or {}
    for path in tables.values():
        check_table_path(path)
    output.parent.mkdir(parents=True, exist_ok=True)
    settings = f"{preset.to_toml()}\npictures {draw}"
    if tables:
        settings += f"\ntables {sorted(tables)}"
    fingerprints = {source.event_id: source.fingerprint(settings) for source in sources}
    parts = PartStore(output)
    todo = [source for source in sources if not parts.has(source.event_id, fingerprints[source.event_id])]
    for event_id in sorted(fingerprints.keys() - {source.event_id for source in todo}):
        yield EventSummary(**parts.load(event_id, fingerprints[event_id]).summary)
    work = partial(
        _reconstruct, fingerprints=fingerprints, preset=preset, parts=parts, draw=draw, tables=tuple(tables)
    )
    yield from parallel_events(work, todo, jobs)
    with atomic_write(preset_path(output)) as temporary:
        temporary.write_text(preset.to_toml(), encoding="utf-8")
    parts.merge(fingerprints.items(), tables)


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
    tables: Collection[str],
) -> EventSummary:
    event = read_event(source)
    result = preset_pipeline(preset).reconstruct(event)
    phase1, phase2 = _scores(event, result.labels)
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


def _tables(hits: Hits, result: Reconstruction, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    tracks = result.fit(hits)
    made = {"tracks": tracks.columns()}
    if "vertices" in wanted:
        made["vertices"] = find_vertices(tracks).columns()
    return {name: made[name] for name in wanted}


def _scores(event: Event, labels: Int32Array) -> tuple[float, float] | tuple[None, None]:
    truth, particles = event.truth, event.particles
    if truth is None or particles is None:
        return None, None
    weights = phase1_weights(truth, particles), phase2_weights(truth, particles)
    first, second = (event_score(labels, truth.particle_id, weight) for weight in weights)
    return first, second
