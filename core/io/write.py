"""Write events in the TrackML format."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from clew.detector import Modules
from clew.errors import InputError
from clew.event import Cells, Event, Hits, Particles, Truth
from clew.io.atomic import atomic_stream, atomic_write
from clew.io.schema import DETECTORS, TABLES
from clew.io.tables import Table

__all__ = ["FORMATS", "TableFormat", "event_tables", "write_event", "write_modules"]

TableFormat: TypeAlias = Literal["csv", "csv.gz", "parquet"]
FORMATS: Final = ("csv", "csv.gz", "parquet")

_ENCODINGS: Final = {"hit_id": "DELTA_BINARY_PACKED", "particle_id": "PLAIN", "weight": "PLAIN"}
"""What compresses best; BYTE_STREAM_SPLIT for all other columns, measured on events of 100k hits."""

_CSV: Final = pacsv.WriteOptions(quoting_style="none", quoting_header="none")


def write_event(folder: str | Path, event: Event, file_format: TableFormat = "csv.gz") -> Path:
    """Write an event's tables into a folder, each whole or not at all; numbers read back equal.

    Parameters
    ----------
    folder : str or Path
        Must exist.
    event : Event
        Cells, particles and truth are written where the event has them.
    file_format : {"csv", "csv.gz", "parquet"}

    Returns
    -------
    Path
        The event's prefix, to be read by `read_event`.
    """
    if file_format not in FORMATS:
        raise InputError(f"{file_format!r} is not a format of tables: choose from {', '.join(FORMATS)}")
    prefix = Path(folder) / f"event{event.event_id:09d}"
    for part, columns in event_tables(event).items():
        schema = pa.schema([(name, TABLES[part].columns[name]) for name in columns])
        path = prefix.with_name(f"{prefix.name}-{part}.{file_format}")
        _write_table(path, pa.table(columns, schema=schema), file_format)
    return prefix


def write_modules(path: str | Path, modules: Modules) -> None:
    """Write a detectors.csv, whole or not at all."""
    rotation = modules.rotation.reshape(-1, 9).T
    identity = (modules.volume, modules.layer, modules.module)
    columns = (*identity, *modules.centre.T, *rotation, *modules.half_size.T, *modules.pitch.T)
    table = dict(zip(DETECTORS.columns, columns, strict=True))
    _write_table(Path(path), pa.table(table, schema=pa.schema(list(DETECTORS.columns.items()))), "csv")


def _write_table(path: Path, table: pa.Table, file_format: TableFormat) -> None:
    if file_format != "parquet":
        with atomic_stream(path) as stream:
            pacsv.write_csv(table, stream, _CSV)
        return
    encodings = {name: _ENCODINGS.get(name, "BYTE_STREAM_SPLIT") for name in table.column_names}
    with atomic_write(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=9,
            use_dictionary=False,
            column_encoding=encodings,
            write_page_checksum=True,
        )


def event_tables(event: Event) -> dict[str, Table]:
    """Return the columns of each table that the event has."""
    tables = {"hits": _hits(event.hits)}
    if event.hits.cells is not None:
        tables["cells"] = _cells(event.hits, event.hits.cells)
    if event.particles is not None:
        tables["particles"] = _particles(event.particles)
    if event.truth is not None:
        tables["truth"] = _truth(event.hits, event.truth)
    return tables


def _hits(hits: Hits) -> Table:
    columns = (hits.hit_id, hits.x, hits.y, hits.z, hits.volume, hits.layer, hits.module)
    return dict(zip(TABLES["hits"].columns, columns, strict=True))


def _cells(hits: Hits, cells: Cells) -> Table:
    owner = np.repeat(hits.hit_id, np.diff(cells.offsets))
    return {"hit_id": owner, "ch0": cells.channel[:, 0], "ch1": cells.channel[:, 1], "value": cells.value}


def _particles(particles: Particles) -> Table:
    columns = {"particle_id": particles.particle_id}
    return (
        columns
        | dict(zip(("vx", "vy", "vz"), particles.vertex.T, strict=True))
        | dict(zip(("px", "py", "pz"), particles.momentum.T, strict=True))
        | {"q": particles.charge, "nhits": particles.n_hits}
    )


def _truth(hits: Hits, truth: Truth) -> Table:
    columns = (
        {"hit_id": hits.hit_id, "particle_id": truth.particle_id}
        | dict(zip(("tx", "ty", "tz"), truth.position.T, strict=True))
        | dict(zip(("tpx", "tpy", "tpz"), truth.momentum.T, strict=True))
        | {"weight": truth.weight}
    )
    return {name: column for name, column in columns.items() if not np.isnan(column).any()}
