"""Mutated weights and records of every network: accepted or refused in one line."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from clew.extend import weights as extend_weights
from clew.extend.growing.trained import load_loop
from clew.extend.stepwise.network import StepwiseNetwork
from clew.extend.tracknet.network import TrackNet
from clew.extend.windows.records import load_weights
from clew.networks.shipped import available_weights, weights_path
from clew.seeding.condensation.network import CondensationNetwork
from clew.seeding.graph.network import EdgeNetwork
from clew.seeding.graph.segments import SEGMENTS
from tests.fuzz.outcome import Outcome, outcome_of

_VALUES: tuple[Any, ...] = (
    *(
        0,
        1,
        -1,
        10**12,
        10**400,
        0.5,
        float("nan"),
        float("inf"),
        None,
        True,
        "",
        "x",
        "a\nb",
        [],
        {},
        [1, 2],
    ),
)


def reader_of(network: str) -> Callable[[Path], object]:
    """Return what reads the weights of a network, given what records call it."""
    readers: dict[str, Callable[[Path], object]] = {
        "recurrent": load_loop,
        "stepwise": StepwiseNetwork.load,
        "tracknet": TrackNet.load,
        "edges": EdgeNetwork.load,
        "segments": lambda path: EdgeNetwork.load(path, SEGMENTS),
        "condensation": CondensationNetwork.load,
    }
    return readers.get(network, lambda path: load_weights(str(path)))


def shipped() -> list[Path]:
    """Return the paths of all weights that ship."""
    own = [extend_weights.weights_path(name) for name in extend_weights.available_weights()]
    package = "clew.seeding.weights"
    return [*own, *(weights_path(package, name) for name in available_weights(package))]


def mutate(rng: random.Random) -> Outcome:
    """Change the arrays, the record or the bytes of shipped weights, and read them."""
    source = rng.choice(shipped())
    record = json.loads(source.with_suffix(".json").read_text())
    read, data, text = reader_of(record["network"]), source.read_bytes(), None
    match rng.choice(("arrays", "arrays", "record", "bytes", "text")):
        case "arrays":
            data = _other_arrays(data, rng)
        case "record":
            _change(record, rng)
        case "bytes":
            data = _damaged(data, rng)
        case _:
            text = _damaged(source.with_suffix(".json").read_bytes(), rng)
    if rng.random() < 0.8 and "sha256" in record:  # else the checksum alone would refuse all
        record["sha256"] = hashlib.sha256(data).hexdigest()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mutated.npz"
        path.write_bytes(data)
        path.with_suffix(".json").write_bytes(json.dumps(record).encode() if text is None else text)
        return outcome_of(lambda: read(path))


def _other_arrays(data: bytes, rng: random.Random) -> bytes:
    with np.load(BytesIO(data)) as content:
        arrays = [content[f"arr_{k}"] for k in range(len(content.files))]
    k = rng.randrange(len(arrays))
    one = arrays[k]
    choices: list[Callable[[], Any]] = [
        lambda: one.astype(rng.choice([np.float64, np.float16, np.int32, np.complex64, np.str_, np.bool_])),
        lambda: one[: len(one) // 2],
        lambda: one[..., :-1],
        lambda: np.concatenate([one, one]),
        lambda: one.T,
        lambda: one.reshape(-1),
        lambda: one[0],
        lambda: np.float32(1.0),
        lambda: np.zeros(0, dtype=np.float32),
        lambda: np.where(np.arange(one.size).reshape(one.shape) == rng.randrange(one.size), np.nan, one),
        lambda: one * np.float32(rng.choice([np.inf, 1e30, 1e5, 0.5])),
        lambda: one + np.float32(rng.random()),
        lambda: np.asfortranarray(one),
    ]
    with np.errstate(all="ignore"):
        arrays[k] = rng.choice(choices)()
    arrays = rng.choice([arrays, arrays, arrays, arrays[:-1], [*arrays, one], arrays[::-1]])
    stream = BytesIO()
    np.savez(stream, *arrays)
    return stream.getvalue()


def _change(record: dict[str, Any], rng: random.Random) -> None:
    """Change or remove an entry of the record or of a table in it."""
    tables = [record, *(value for value in record.values() if isinstance(value, dict))]
    table = rng.choice(tables)
    if table:
        key = rng.choice(list(table))
        if rng.random() < 0.3:
            del table[key]
        else:
            table[key] = rng.choice(_VALUES)


def _damaged(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    match rng.choice(("flip", "cut", "insert", "empty", "head")):
        case "flip":
            return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]
        case "cut":
            return data[:place]
        case "insert":
            return data[:place] + rng.randbytes(rng.randint(1, 9)) + data[place:]
        case "empty":
            return b""
        case _:
            return rng.randbytes(20) + data[20:]
