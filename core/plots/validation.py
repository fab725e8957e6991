"""Events against what is known of the real ones: rows, spectra, clusters and residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from clew.arrays import Int64Array
from clew.plots.figure import COLOURS, MISSED, NEUTRAL, new_figure, plain, plain_numbers, save
from clew.validation import FAIL, PASS, Measured, Row, facts
from clew.validation.histograms import EDGES

__all__ = ["draw_validation"]


def draw_validation(measured: Measured, rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw rows.png and, as far as the events have the parts, spectra.png, clusters.png and residuals.png.

    Returns
    -------
    list of Path
        The pictures drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = measured.histograms
    paths = [_draw_rows(rows, folder / "rows.png")]
    if "primaries' hits" in counts:
        paths.append(_draw_spectra(counts, folder / "spectra.png"))
    if facts.volume_name("cells", 8) in counts:
        paths.append(_draw_clusters(counts, folder / "clusters.png"))
    if facts.volume_name("du", 8) in counts:
        paths.append(_draw_residuals(counts, folder / "residuals.png"))
    return paths


def _draw_rows(rows: Sequence[Row], path: Path) -> Path:
    """Draw each judged row's deviation in units of its tolerance, with the statistical error."""
    judged = [row for row in rows if row.verdict in (PASS, FAIL)]
    figure = new_figure(8, 1 + 0.17 * len(judged))
    axes = plain(figure.subplots())
    axes.axvspan(-1, 1, color="#F0F0F0")
    for place, row in enumerate(judged):
        colour = COLOURS[0] if row.verdict == PASS else MISSED
        deviation = float(np.clip(row.deviation, -4, 4))
        axes.errorbar(deviation, place, xerr=row.error / row.tolerance, fmt="o", color=colour, markersize=3.5)
    axes.set_yticks(range(len(judged)), [row.fact.name for row in judged], fontsize=7)
    axes.set(xlabel="(measured - real) / tolerance", xlim=(-4.2, 4.2))
    axes.set_ylim(len(judged), -1)
    return save(figure, path)


def _draw_spectra(counts: Mapping[str, Int64Array], path: Path) -> Path:
    figure = new_figure(12, 4)
    lengths, momenta, angles = figure.subplots(1, 3)
    _shares(lengths, counts, "primaries' hits", facts.N_HITS_PRIMARIES, COLOURS[0])
    _shares(lengths, counts, "secondaries' hits", facts.N_HITS_SECONDARIES, COLOURS[5])
    lengths.set(xlabel="hits of a particle", ylabel="particles [%]")
    _cumulative(momenta, counts, "primaries pT", facts.PT_PRIMARIES, COLOURS[0])
    _cumulative(momenta, counts, "secondaries pT", facts.PT_SECONDARIES, COLOURS[5])
    momenta.set(xlabel="$p_T$ [GeV]", ylabel="particles below [%]", xscale="log")
    plain_numbers(momenta.xaxis)
    _cumulative(angles, counts, "primaries |eta|", facts.ETA_PRIMARIES, COLOURS[0])
    _cumulative(angles, counts, "secondaries |eta|", facts.ETA_SECONDARIES, COLOURS[5])
    angles.set(xlabel="$|\\eta|$")
    return save(figure, path)


def _shares(
    axes: Axes,
    counts: Mapping[str, Int64Array],
    name: str,
    real: Mapping[tuple[int, int], float],
    colour: str,
) -> None:
    """Draw the share of each number of hits, and the real one where it is known of a single number."""
    share = 100 * counts[name] / max(1, counts[name].sum())
    plain(axes).stairs(share, EDGES[name], color=colour, label=name.split("'")[0])
    known = [(low, value) for (low, high), value in real.items() if low == high]
    axes.plot(*np.transpose(known), "o", color="black", markersize=4)
    axes.legend(frameon=False)


def _cumulative(
    axes: Axes, counts: Mapping[str, Int64Array], name: str, real: Mapping[float, float], colour: str
) -> None:
    below = 100 * np.append(0, np.cumsum(counts[name])) / max(1, counts[name].sum())
    plain(axes).plot(EDGES[name], below, color=colour, label=name.split()[0])
    axes.plot(list(real), list(real.values()), "o", color="black", markersize=4)
    axes.legend(frameon=False, loc="lower right")


def _draw_clusters(counts: Mapping[str, Int64Array], path: Path) -> Path:
    figure = new_figure(10, 7)
    for axes, volume in zip(figure.subplots(3, 3, sharex=True).flat, facts.VOLUMES, strict=True):
        name = facts.volume_name("cells", volume)
        plain(axes).stairs(
            counts[name] / max(1, counts[name].sum()), EDGES[name], fill=True, color=COLOURS[0]
        )
        axes.axvline(facts.CELLS_PER_HIT[volume][0], color="black", linewidth=1)
        axes.set(title=f"volume {volume}", yscale="log", ylim=(1e-5, 1))
    figure.supxlabel("cells per hit (line: mean of the real event)")
    figure.supylabel("share of hits")
    return save(figure, path)


def _draw_residuals(counts: Mapping[str, Int64Array], path: Path) -> Path:
    figure = new_figure(14, 6)
    panels = figure.subplots(2, len(facts.VOLUMES))
    widths = {"du": facts.RESIDUALS_U, "dv": facts.RESIDUALS_V}
    for row, (quantity, known) in zip(panels, widths.items(), strict=True):
        for axes, volume in zip(row, facts.VOLUMES, strict=True):
            name = facts.volume_name(quantity, volume)
            plain(axes).stairs(counts[name], EDGES[name], fill=True, color=COLOURS[0])
            for side in (-1, 1):
                axes.axvline(side * known[volume][0], color="black", linewidth=1)
            axes.set(title=f"{quantity}, {volume}", yticks=[])
            axes.tick_params(labelsize=7, color=NEUTRAL)
    figure.supxlabel("truth minus hit [um] (lines: root mean square of the real event)")
    return save(figure, path)
