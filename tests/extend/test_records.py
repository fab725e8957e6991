"""Weights on disk: what ships is whole, and what does not fit is refused with one clear line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clew.errors import ConfigError, InputError
from clew.event import Event
from clew.extend.weights import available_weights, weights_path
from clew.extend.windows.extender import NetworkConfig, NetworkExtender
from clew.extend.windows.records import load_weights
from clew.networks.records import load_arrays, save_arrays
from clew.pipeline import Pipeline
from clew.pipeline.preset import Preset
from tests.fuzz.weights import reader_of


@pytest.mark.parametrize("name", available_weights())
def test_shipped_weights_are_those_of_their_record(name: str) -> None:
    path = weights_path(name)
    arrays, record = load_arrays(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert sum(array.size for array in arrays) == record["parameters"]
    assert path.stat().st_size < 3_000_000
    for key in ("training", "validation", "test", "config", "results", "command"):
        assert record[key]


@pytest.mark.parametrize("name", ["lstm-64", "bilstm-32"])
def test_shipped_networks_predict(name: str, toy: Event, toy_windows: np.ndarray) -> None:
    points = NetworkExtender(NetworkConfig(weights=name)).extend(toy.hits, toy_windows).points
    assert np.isfinite(points[:, 0]).all(axis=1).mean() > 0.9


def test_some_weights_ship() -> None:
    assert "lstm-64" in available_weights()


def test_weights_survive_writing_and_reading(random_weights: Callable[[str], Path]) -> None:
    path = random_weights("lstm-32")
    with np.load(path) as content:
        arrays = [content[name] for name in content.files]
    for read, written in zip(load_weights(str(path)).arrays, arrays, strict=True):
        np.testing.assert_array_equal(read, written)


def test_weights_of_another_network_are_refused(random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match="are of network lstm-32, not lstm-64"):
        NetworkExtender(NetworkConfig(weights=str(random_weights("lstm-32")), network="lstm-64"))


def test_arrays_of_other_shapes_are_refused(tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    arrays = load_weights(str(random_weights("lstm-32"))).arrays
    save_arrays(tmp_path / "wrong.npz", arrays, {"network": "lstm-64", "prompt": "helix"})
    with pytest.raises(InputError, match=r"wrong\.npz: arrays do not have the shapes of their record"):
        load_weights(str(tmp_path / "wrong.npz"))


def test_a_changed_file_is_refused(tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    weights = load_weights(str(random_weights("lstm-32")))
    path = tmp_path / "changed.npz"
    save_arrays(path, weights.arrays, weights.record)
    np.savez(path, *[array + np.float32(1) for array in weights.arrays])
    with pytest.raises(InputError, match="not the file that its record describes"):
        load_weights(str(path))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_refused(
    tmp_path: Path, random_weights: Callable[[str], Path], content: bytes
) -> None:
    good = random_weights("lstm-32")
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    record = json.loads(good.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(record | {"sha256": hashlib.sha256(content).hexdigest()}))
    with pytest.raises(InputError, match=r"damaged\.npz: not a readable \.npz of weights"):
        load_weights(str(path))


def test_a_missing_or_broken_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "alone.npz"
    with pytest.raises(InputError, match=r"alone\.json: cannot read the record"):
        load_weights(str(path))
    path.with_suffix(".json").write_text(json.dumps({"network": "lstm-32"}))
    with pytest.raises(InputError, match="no sha256"):
        load_weights(str(path))


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown weights 'nothing': choose one of .*lstm-64"):
        load_weights("nothing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda array: array.astype(np.float64), "array 1 is of float64, not float32"),
        (lambda array: np.where(array == array.max(), np.nan, array), "array 1 holds numbers not finite"),
        (lambda array: array * np.float32(1e30), "array 1 holds numbers not finite or above 10000"),
        (lambda array: array[:, :-1], "arrays do not have the shapes of their record"),
    ],
)
@pytest.mark.parametrize("name", ["gru-16", "lstm-64", "tracknet", "step-cnn"])
def test_arrays_that_no_training_makes_are_refused(
    tmp_path: Path, name: str, change: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    arrays, record = load_arrays(weights_path(name))
    arrays[1] = change(arrays[1].reshape(len(arrays[1]), -1))
    save_arrays(tmp_path / "wrong.npz", arrays, record)
    with pytest.raises(InputError, match=rf"wrong\.npz: {message}"):
        reader_of(record["network"])(tmp_path / "wrong.npz")


def test_a_wrong_record_is_refused_with_its_key(tmp_path: Path) -> None:
    arrays, record = load_arrays(weights_path("step-lstm"))
    save_arrays(tmp_path / "wrong.npz", arrays, record | {"scaling": {"offset": [0, 0], "unit": [1, 1, 1]}})
    with pytest.raises(InputError, match=r"wrong\.json: scaling\.offset.2 is missing: give it"):
        reader_of("stepwise")(tmp_path / "wrong.npz")


@pytest.mark.parametrize("stage", ["extend", "seeding"])
def test_a_pipeline_refuses_weights_before_it_is_given_hits(tmp_path: Path, stage: str) -> None:
    arrays, record = load_arrays(weights_path("gru-16"))
    save_arrays(tmp_path / "wrong.npz", arrays[:-1], record)
    method = {"extend": "recurrent", "seeding": "graph"}[stage]
    base, table = {"extend": ("clew", "[[extend]]"), "seeding": ("finnie", "[seeding]")}[stage]
    text = f'base = "{base}"\n{table}\nmethod = "{method}"\nweights = "{tmp_path / "wrong.npz"}"\n'
    with pytest.raises(InputError, match=r"wrong\.npz: "):
        Pipeline.from_preset(Preset.parse(text, "mine", "here"))
