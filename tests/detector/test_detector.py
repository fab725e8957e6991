from __future__ import annotations

import numpy as np
import pytest

from clew.detector import LAYERS, N_LAYERS, Modules, known_module, layer_index
from clew.errors import InputError


def test_the_detector_has_its_18728_modules_on_48_layers() -> None:
    assert N_LAYERS == 48
    assert sum(layer.n_modules for layer in LAYERS) == 18728


def test_layer_numbers_are_dense_and_unknown_layers_have_none() -> None:
    volume = np.array([layer.volume for layer in LAYERS], dtype=np.int32)
    layer = np.array([layer.layer for layer in LAYERS], dtype=np.int32)
    assert layer_index(volume, layer).tolist() == list(range(48))
    odd = np.array([8, 8, -1, 99], dtype=np.int32)
    assert layer_index(odd, np.array([3, 10, 2, 2], dtype=np.int32)).tolist() == [-1] * 4


def test_endcaps_mirror_each_other() -> None:
    discs = {(layer.position, layer.reach) for layer in LAYERS if not layer.barrel}
    assert discs == {(-z, reach) for z, reach in discs}


def test_modules_are_numbered_from_one() -> None:
    volume, layer = np.full(4, 8, np.int32), np.full(4, 2, np.int32)
    module = np.array([0, 1, 224, 225], dtype=np.int32)
    assert known_module(volume, layer, module).tolist() == [False, True, True, False]


def test_a_module_is_found_by_its_three_numbers() -> None:
    ids = [np.array(v, dtype=np.int32) for v in ([9, 7, 8], [2, 4, 2], [5, 6, 1])]
    zeros = np.zeros((3, 3), np.float32)
    modules = Modules(*ids, zeros, np.zeros((3, 3, 3), np.float32), zeros[:, :1], zeros[:, :2])
    assert modules.rows(*(column[[2, 0]] for column in ids)).tolist() == [2, 0]
    with pytest.raises(InputError, match="volume 8, layer 2, module 7"):
        modules.rows(*(np.array([v], dtype=np.int32) for v in (8, 2, 7)))
