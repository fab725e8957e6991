"""A detector learned from its description and a few events, as a bundle."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from clew.calibration.bundles import DESCRIPTION, MATERIAL, REPORT, checked_output, replacing
from clew.calibration.check import Checked, check_preset, least_hits_of
from clew.calibration.clusters import learn_clusters
from clew.calibration.counts import count_clusters
from clew.calibration.field import LearnedField, field_from_steps
from clew.calibration.geometry import Geometry, beside, read_geometry
from clew.calibration.information import ClassInformation, information_of
from clew.calibration.layers import Place, extents_of, layers_from
from clew.calibration.learn import Learned, described, learned
from clew.calibration.report import defaults_of, report_of
from clew.calibration.resolutions import Residuals, learn_resolutions, residuals_of
from clew.calibration.samples import Samples, sample_events
from clew.calibration.write import write_axes, write_clusters, write_description, write_resolutions
from clew.detector import Detector, Modules, Solenoid, read_detector
from clew.errors import ClewWarning, InputError
from clew.event import Event
from clew.io import EventSource, read_event
from clew.pipeline.preset import Preset

__all__ = ["CalibrationConfig", "calibrate", "calibrate_tables"]

_FEW: Final = 5
"""Events below which statistical errors are large, and none is held out."""

_TRUTH: Final = ("truth", "particles")

Progress = Callable[[Sequence[EventSource]], Iterable[EventSource]]
"""What events are taken through one by one, to show how far it is."""


@dataclass(frozen=True)
class CalibrationConfig:
    """What a calibration depends on besides its events.

    Attributes
    ----------
    description : Path or None
        A detectors.csv of TrackML or of ACTS, or a TOML of cylinders and discs; if None, the detectors.csv
        beside the events, or else the layers that hits are on.
    solenoid : Solenoid or None
        The field; fitted to true momenta if None.
    name : str or None
        Of the detector; if None that of the description, or else of the output.
    every : int
        Presets are tried on every so-manieth event, which nothing is learned from.
    presets : tuple of Preset
        What is tried.
    jobs : int
        Events that presets are tried on at the same time.
    """

    description: Path | None = None
    solenoid: Solenoid | None = None
    name: str | None = None
    every: int = 5
    presets: tuple[Preset, ...] = field(default=())
    jobs: int = 1


def calibrate(
    sources: Sequence[EventSource], output: Path, config: CalibrationConfig, progress: Progress = iter
) -> str:
    """Learn a detector from events and write its bundle; return its report.

    Raises
    ------
    InputError
        For a wrong description, events of which only some have truth, no truth and no field, and whatever
        `read_event` refuses; the output is left as it was then.

    Warns
    -----
    ClewWarning
        If the events are few.
    """
    target, truth = checked_output(output), _have_truth(sources)
    if not truth and config.solenoid is None:
        raise InputError("these events have no truth, so that the field is not known: give --field")
    if len(sources) < _FEW:
        warnings.warn(
            f"{len(sources)} events are few: give 10, or take errors as rough", ClewWarning, stacklevel=2
        )
    geometry = beside(sources) if config.description is None else read_geometry(config.description)
    places = layers_from(geometry, extents_of(sources))
    training, held_out = _split(sources, config.every)
    with replacing(target) as folder:
        name = config.name or (geometry.name if geometry is not None else "") or target.name
        own = _learned(name, training, folder, config, geometry, places, progress if truth else None)
        write_description(folder, own.detector)
        information = _clusters(training, folder, progress) if truth else []
        text = _report(own, information, geometry, held_out or training, folder, config)
        (folder / REPORT).write_text(text, encoding="utf-8")
    return text


def _have_truth(sources: Sequence[EventSource]) -> bool:
    having = [all(part in source.tables for part in _TRUTH) for source in sources]
    if any(having) and not all(having):
        lacking = sources[having.index(False)].event_id
        raise InputError(
            f"event {lacking} has no truth and particles files, others have: add them, or leave it out"
        )
    return all(having)


def _split(sources: Sequence[EventSource], every: int) -> tuple[list[EventSource], list[EventSource]]:
    """Return the events to learn from, and those to try presets on: none if there are few."""
    if len(sources) < _FEW:
        return list(sources), []
    held_out = list(sources[every - 1 :: every])
    return [source for source in sources if source not in held_out], held_out


def _learned(
    name: str,
    training: Sequence[EventSource],
    folder: Path,
    config: CalibrationConfig,
    geometry: Geometry | None,
    places: Sequence[Place],
    progress: Progress | None,
) -> Learned:
    """Learn from the events with truth, or take what the description tells if `progress` is None."""
    modules = None if geometry is None else geometry.modules
    field_of_first = LearnedField(config.solenoid or Solenoid.uniform(1.0), np.nan, "given")
    first = described(name, places, modules, field_of_first)
    write_description(folder, first.detector)
    if modules is not None:
        write_axes(folder / "modules.npz", first.detector, modules)
    if progress is None:
        return first
    samples = _samples(progress(training), read_detector(folder), modules, places)
    return learned(name, places, modules, field_from_steps(samples.steps, config.solenoid), samples)


def _samples(
    sources: Iterable[EventSource], detector: Detector, modules: Modules | None, places: Sequence[Place]
) -> Samples:
    def events() -> Iterator[Event]:
        for source in sources:
            event = read_event(source, ("hits", "cells", *_TRUTH), detector)
            if modules is not None:
                modules.rows(event.hits.volume, event.hits.layer, event.hits.module)
            yield event

    return sample_events(events(), np.array([place.position for place in places]))


def _clusters(training: Sequence[EventSource], folder: Path, progress: Progress) -> list[ClassInformation]:
    if not all("cells" in source.tables for source in training):
        return []
    detector = read_detector(folder)
    events = (read_event(one, ("hits", "cells", "truth"), detector) for one in progress(training))
    residuals: list[Residuals] = []
    counts = count_clusters(detector, _measured(events, detector, residuals))
    tables = learn_clusters(detector, counts)
    write_clusters(folder / "clusters.npz", tables)
    write_resolutions(
        folder / "resolutions.npz", learn_resolutions(detector, Residuals.concatenate(residuals))
    )
    return information_of(counts, tables)


def _measured(events: Iterable[Event], detector: Detector, residuals: list[Residuals]) -> Iterator[Event]:
    """Yield the events, each once its hits' residuals are in the list."""
    for event in events:
        residuals.append(residuals_of(event, detector))
        yield event


def _report(
    own: Learned,
    information: Sequence[ClassInformation],
    geometry: Geometry | None,
    sources: Sequence[EventSource],
    folder: Path,
    config: CalibrationConfig,
) -> str:
    least_hits, checked = 0, list[Checked]()
    if own.samples is not None:
        least_hits = least_hits_of(own.samples.lengths)
        tried = [replace(source, bundle=folder) for source in sources]
        checked = [check_preset(tried, preset, least_hits, config.jobs) for preset in config.presets]
    seen = own.samples is not None and own.samples.n_events == len(sources)
    where = f"the same {len(sources)} events" if seen else f"{len(sources)} events that were held out"
    defaults = defaults_of(
        own, geometry is not None, geometry is not None and geometry.modules is not None, bool(information)
    )
    return report_of(own, information, checked, where, least_hits, defaults)


def calibrate_tables(
    sources: Sequence[EventSource], bundle: Path, output: Path, progress: Progress = iter
) -> list[ClassInformation]:
    """Learn what a bundle holds beside its description: modules, clusters and resolutions.

    Parameters
    ----------
    sources : sequence of EventSource
        Events with truth and cells, and the detectors.csv beside them.
    bundle : Path
        Whose description is copied.
    output : Path
        A bundle, such as the same, or a new folder; left as it was if anything is wrong.
    progress : callable
        Called with the sources; iterates over them.

    Raises
    ------
    InputError
        For events that lack a part, different detectors, or an output that is no bundle.
    """
    for source in sources:
        lacking = [part for part in ("hits", "cells", "truth") if part not in source.tables]
        if lacking:
            raise InputError(f"event {source.event_id} has no {lacking[0]} file: add it to calibrate")
        if source.detectors is None:
            where = source.tables["hits"]
            raise InputError(f"{where}: there is no detectors.csv beside it: add that of the data set")
    geometry, target = beside(sources), checked_output(output)
    assert geometry is not None
    assert geometry.modules is not None
    detector = read_detector(bundle, learned=False)
    with replacing(target) as folder:
        for name in (*DESCRIPTION, MATERIAL):
            if (bundle / name).is_file():
                shutil.copyfile(bundle / name, folder / name)
        write_axes(folder / "modules.npz", detector, geometry.modules)
        return _clusters(sources, folder, progress)
