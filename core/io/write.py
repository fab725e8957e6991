"""Writing events as TrackML tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from clew.event import Cells, Event, Hits, Particles, Truth
from clew.io.atomic import atomic_write
from clew.io.tables import FORMATS, SCHEMAS

__all__ = ["write_event"]


def write_event(folder: str | Path, event: Event, ending: str = ".csv.gz") -> None:
    """Write an event's tables into a folder, each whole or not at all.

    Parameters
    ----------
    folder : str or Path
        Made if it is missing.
    event : Event
        What is None is not written.
    ending : str
        ".csv", ".csv.gz" or ".parquet" (compressed, the smallest).
    """
    if ending not in FORMATS:
        raise ValueError(f"ending {ending!r}: choose one of {', '.join(FORMATS)}")
    tables = {"hits": _hits(event.hits)}
    if event.hits.cells is not None:
        tables["cells"] = _cells(event.hits, event.hits.cells)
    if event.particles is not None:
        tables["particles"] = _particles(event.particles)
    if event.truth is not None:
        tables["truth"] = _truth(event.hits, event.truth)
    for name, columns in tables.items():
        path = Path(folder) / f"event{event.event_id:09d}-{name}{ending}"
        schema = pa.schema(list(SCHEMAS[name].items()))
        table = pa.Table.from_arrays([pa.array(columns[field]) for field in schema.names], schema=schema)
        with atomic_write(path) as temporary:
            _write_table(table, temporary, ending)


def _write_table(table: pa.Table, path: Path, ending: str) -> None:
    if ending == ".parquet":
        floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
        pyarrow.parquet.write_table(
            table,
            path,
            compression="zstd",
            compression_level=19,
            use_dictionary=False,
            use_byte_stream_split=floats,
        )
        return
    compression = "gzip" if ending.endswith(".gz") else None
    with pa.output_stream(str(path), compression=compression) as sink:
        sink.write(f"{','.join(table.column_names)}\n".encode())
        pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))


def _named(names: str, array: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    return dict(zip(names.split(), array.T, strict=True))


def _hits(hits: Hits) -> Mapping[str, NDArray[Any]]:
    ids = {"volume_id": hits.volume, "layer_id": hits.layer, "module_id": hits.module}
    return {"hit_id": hits.hit_id, "x": hits.x, "y": hits.y, "z": hits.z, **ids}


def _cells(hits: Hits, cells: Cells) -> Mapping[str, NDArray[Any]]:
    owner = np.repeat(hits.hit_id, np.diff(cells.offsets))
    return {"hit_id": owner, **_named("ch0 ch1", cells.channel), "value": cells.value}


def _particles(particles: Particles) -> Mapping[str, NDArray[Any]]:
    return {
        "particle_id": particles.particle_id,
        **_named("vx vy vz", particles.vertex),
        **_named("px py pz", particles.momentum),
        "q": particles.charge,
        "nhits": particles.n_hits,
    }


def _truth(hits: Hits, truth: Truth) -> Mapping[str, NDArray[Any]]:
    return {
        "hit_id": hits.hit_id,
        "particle_id": truth.particle_id,
        **_named("tx ty tz", truth.position),
        **_named("tpx tpy tpz", truth.momentum),
        "weight": truth.weight,
    }
