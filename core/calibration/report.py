"""`report.md` of a bundle: what was learned, how well it is known, and what a default stood in for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from clew.calibration.check import LEAST_PT, Checked
from clew.calibration.information import ClassInformation, information_table
from clew.calibration.learn import Learned

__all__ = ["defaults_of", "report_of"]


def report_of(
    learned: Learned,
    information: Sequence[ClassInformation],
    checked: Sequence[Checked],
    where: str,
    least_hits: int,
    defaults: Sequence[str],
) -> str:
    """Return the report as Markdown; `where` says on which events presets were tried."""
    samples = learned.samples
    seen = "no truth" if samples is None else f"{samples.n_events} events, {samples.n_tracks:,} true tracks"
    parts = [
        f"# Calibration of {learned.detector.name}",
        f"{len(learned.detector)} layers, learned from {seen}.",
        "## Layers",
        _table(_class_rows(learned)),
        "Errors in mm, with their statistical errors; radiation lengths of a layer crossed at a right angle, "
        "median over the class's layers and its spread.",
        "## Field",
        _field_line(learned),
    ]
    if information:
        parts += ["## Clusters", "```\n" + information_table(information) + "\n```"]
    if checked:
        parts += [
            f"## Tracks found on {where}",
            _table(_checked_rows(checked)),
            f"Efficiency of double majority for particles above {LEAST_PT} GeV with {least_hits} hits or "
            "more; fakes are tracks of no particle, of all tracks.",
        ]
    parts += ["## Where a default stood in", "\n".join(f"- {line}" for line in defaults) or "Nowhere."]
    return "\n\n".join(parts) + "\n"


def _table(rows: Iterable[Sequence[str]]) -> str:
    first, *others = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([first, "|" + "---|" * (first.count("|") - 1), *others])


def _class_rows(learned: Learned) -> list[list[str]]:
    rows = [["class", "layers", "hits", "across", "along", "radiation lengths", "supports"]]
    kinds = [layer.kind for layer in learned.detector.layers]
    for name, one in learned.detector.classes.items():
        errors, (mean, spread) = learned.errors[name], learned.thickness[name]
        rows.append(
            [
                name,
                str(kinds.count(name)),
                f"{errors.n_hits:,}",
                _with_error(errors.across, errors.across * errors.relative),
                _with_error(errors.along, errors.along * errors.relative),
                _with_error(mean, spread),
                "yes" if one.supports else "no",
            ]
        )
    return rows


def _checked_rows(checked: Sequence[Checked]) -> list[list[str]]:
    rows = [["preset", "efficiency", "fakes"]]
    for one in checked:
        efficiency = _with_error(one.efficiency, one.efficiency_error)
        rows.append([one.preset, efficiency, _with_error(one.fakes, one.fakes_error)])
    return rows


def _with_error(value: float, error: float) -> str:
    if not np.isfinite(value):
        return "not known"
    return f"{value:.4f} ± {error:.4f}" if np.isfinite(error) else f"{value:.4f}"


def _field_line(learned: Learned) -> str:
    solenoid, own = learned.detector.solenoid, learned.field
    strength = _with_error(own.solenoid.strength, own.error)
    if solenoid is not own.solenoid:
        return f"None ({strength} T): tracks are straight, and scatter as those of the median momentum."
    if solenoid.half_length > 1e8:
        return f"{strength} T, {own.origin}."
    centre = ", ".join(f"{value:.0f}" for value in solenoid.centre)
    return (
        f"{strength} T at the centre ({centre}) mm of a coil of radius {solenoid.radius:.0f} mm and half "
        f"length {solenoid.half_length:.0f} mm, {own.origin}."
    )


def defaults_of(learned: Learned, has_geometry: bool, has_modules: bool, has_cells: bool) -> list[str]:
    """Return what defaults stood in for, a line each."""
    lines, thickness = [], f"each layer has {learned.detector.radiation_lengths} radiation lengths"
    if not has_geometry:
        lines.append("no description: layers are where hits are, modules are not known")
    if not has_modules:
        lines.append("modules are not listed: each is taken to point along the azimuth of its hits")
    if not has_cells:
        lines.append("no cells: clusters tell nothing of directions")
    if learned.samples is None:
        lines.append(
            "no truth: errors of hits are those of the pitches, or 0.02 mm; overlaps follow from them"
        )
        lines.append(f"no truth: {thickness}")
        lines.append("no truth: how far searches go, and the beam spot, are shares of the detector's size")
    else:
        lines += [
            f"class {name}: no true hit, errors of hits are those of its pitch, or 0.02 mm"
            for name, errors in learned.errors.items()
            if errors.n_hits == 0
        ]
        if not any(np.isfinite(mean) for mean, _ in learned.thickness.values()):
            lines.append(f"too few tracks: {thickness}")
    return lines
