"""Targets: compressed tables, parquet tables and zip files, of which the bytes are damaged."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from io import BytesIO
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from fuzzing.damage import TABLES, bytes_damaged
from fuzzing.oracle import assert_as_written

from clew.io import TABLES as SCHEMAS
from clew.io import TableFile, find_events, read_event, read_table

__all__ = ["archive", "compressed", "parquet"]

_COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def compressed(random: Random, folder: Path) -> None:
    """Damage a compressed table; their checksums see to it that what is accepted is what was written."""
    ending = random.choice(list(_COMPRESS))
    part = random.choice(list(TABLES))
    path = folder / f"event000000007-{part}.csv.{ending}"
    path.write_bytes(bytes_damaged(random, _COMPRESS[ending](TABLES[part].encode())))
    assert_as_written(read_table(TableFile(path), SCHEMAS[part]), TABLES[part].encode())


def parquet(random: Random, folder: Path) -> None:
    """Damage the pages of a parquet table, which have checksums, or cut the file."""
    part = random.choice(list(TABLES))
    table = pacsv.read_csv(pa.py_buffer(TABLES[part].encode()))
    stream = BytesIO()
    pq.write_table(table, stream, write_page_checksum=True, compression="zstd")
    content = stream.getvalue()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    pages = bytes_damaged(random, content[:-footer])
    if len(pages) != len(content) - footer:
        pages = content[: random.randrange(len(content))]
        footer = 0
    path = folder / f"event000000007-{part}.parquet"
    path.write_bytes(pages + content[len(content) - footer :])
    assert_as_written(read_table(TableFile(path), SCHEMAS[part]), TABLES[part].encode())


def archive(random: Random, folder: Path) -> None:
    """Damage a zip file of an event, or one in another; checksums tell."""
    method = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w", method) as target:
        for part, text in TABLES.items():
            target.writestr(f"train/event000000007-{part}.csv", text)
    content = bytes_damaged(random, inner.getvalue())
    path = folder / "events.zip"
    if random.random() < 0.3:
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("nested.zip", content)
    else:
        path.write_bytes(content)
    for source in find_events(path):
        hits = read_event(source).hits
        assert_as_written(
            {"hit_id": hits.hit_id, "x": hits.x, "module_id": hits.module}, TABLES["hits"].encode()
        )
