"""The learning curve of a training run."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from matplotlib.ticker import LogLocator

from clew.arrays import Float64Array
from clew.errors import InputError
from clew.plots.figure import COLOURS, new_figure, plain, plain_numbers, save

__all__ = ["draw_learning_curve"]


def draw_learning_curve(log: Path | str, path: Path | str) -> Path:
    """Draw the losses of a CSV log against the epoch and mark the best epoch.

    Parameters
    ----------
    log : path
        As Keras' CSVLogger writes it: columns epoch (from 0), loss and, where there was
        validation, val_loss; others are ignored.
    path : path
        The PNG file; replaced.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    InputError
        If the log cannot be read, has no such columns or no epoch.
    """
    columns = _read(Path(log))
    epoch = columns["epoch"] + 1
    figure = new_figure(8, 5)
    axes = plain(figure.subplots())
    axes.plot(epoch, columns["loss"], color=COLOURS[0], label="training")
    if "val_loss" in columns:
        axes.plot(epoch, columns["val_loss"], color=COLOURS[5], linestyle="--", label="validation")
    name = "val_loss" if "val_loss" in columns else "loss"
    best = int(np.nanargmin(columns[name]))
    value = columns[name][best]
    axes.plot(epoch[best], value, "o", color="black", label=f"best: {value:.4g} in epoch {epoch[best]:g}")
    axes.set(xlabel="epoch", ylabel="loss")
    if min(np.nanmin(columns["loss"]), value) > 0:  # a likelihood's logarithm may have any sign
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        plain_numbers(axes.yaxis)
    axes.legend(frameon=False)
    return save(figure, path)


def _read(log: Path) -> dict[str, Float64Array]:
    try:
        with log.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = [name for name in ("epoch", "loss", "val_loss") if rows and name in rows[0]]
        columns = {name: np.array([float(row[name]) for row in rows]) for name in names}
    except (OSError, UnicodeDecodeError, TypeError, ValueError) as error:
        raise InputError(f"{log}: cannot read the training log: {error}") from error
    if not {"epoch", "loss"} <= set(columns):
        raise InputError(f"{log}: no epochs under columns epoch and loss: give the log that training wrote")
    return columns
