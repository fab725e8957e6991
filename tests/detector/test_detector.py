"""Layers by their numbers and by name, and the modules of a detectors.csv."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from clew.detector import Detector, Modules, trackml
from clew.errors import ConfigError, InputError

TRACKML = trackml()


def volumes_of(layers: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(TRACKML.layers[k].volume, TRACKML.layers[k].layer) for k in layers]


def test_the_detector_has_its_18728_modules_on_48_layers() -> None:
    assert len(TRACKML) == 48
    assert sum(layer.n_modules for layer in TRACKML.layers) == 18728
    assert repr(TRACKML) == "Detector(name='TrackML', layers=48, modules=18728)"


def test_layer_numbers_are_dense_and_unknown_layers_have_none() -> None:
    layer = np.array([layer.layer for layer in TRACKML.layers], dtype=np.int32)
    assert TRACKML.layer_index(TRACKML.volume, layer).tolist() == list(range(48))
    odd = np.array([8, 8, -1, 99], dtype=np.int32)
    assert TRACKML.layer_index(odd, np.array([3, 10, 2, 2], dtype=np.int32)).tolist() == [-1] * 4


def test_endcaps_mirror_each_other() -> None:
    discs = {(layer.position, layer.reach) for layer in TRACKML.layers if not layer.barrel}
    assert discs == {(-z, reach) for z, reach in discs}


def test_modules_are_numbered_from_one() -> None:
    volume, layer = np.full(4, 8, np.int32), np.full(4, 2, np.int32)
    module = np.array([0, 1, 224, 225], dtype=np.int32)
    assert TRACKML.has_module(volume, layer, module).tolist() == [False, True, True, False]


def test_a_module_is_found_by_its_three_numbers() -> None:
    ids = [np.array(v, dtype=np.int32) for v in ([9, 7, 8], [2, 4, 2], [5, 6, 1])]
    zeros = np.zeros((3, 3), np.float32)
    modules = Modules(*ids, zeros, np.zeros((3, 3, 3), np.float32), zeros[:, :1], zeros[:, :2])
    assert modules.rows(*(column[[2, 0]] for column in ids)).tolist() == [2, 0]
    with pytest.raises(InputError, match="volume 8, layer 2, module 7"):
        modules.rows(*(np.array([v], dtype=np.int32) for v in (8, 2, 7)))


@pytest.mark.parametrize(
    ("name", "volumes"),
    [
        ("pixel", {7, 8, 9}),
        ("pixel endcap", {7, 9}),
        ("endcap pixel", {7, 9}),
        ("strip barrel", {13, 17}),
        ("barrel", {8, 13, 17}),
        ("  long  strip ", {16, 17, 18}),
        ("all", {7, 8, 9, 12, 13, 14, 16, 17, 18}),
    ],
)
def test_words_choose_all_layers_of_the_classes_that_have_them(name: str, volumes: set[int]) -> None:
    assert TRACKML.select([name]) == tuple(np.flatnonzero(np.isin(TRACKML.volume, list(volumes))))


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("pixel barrel 1", [(8, 2)]),
        ("pixel barrel 2-3", [(8, 4), (8, 6)]),
        ("pixel endcap 1", [(7, 14), (9, 2)]),  # counted from the inside, on both sides
        ("short strip endcap 5-6", [(12, 2), (12, 4), (14, 10), (14, 12)]),
        ("long strip barrel 2", [(17, 4)]),
        ("strip barrel 1", [(13, 2), (17, 2)]),  # of each class its own
        ("pixel barrel 3-99", [(8, 6), (8, 8)]),
    ],
)
def test_numbers_count_a_class_from_the_inside(name: str, layers: list[tuple[int, int]]) -> None:
    assert volumes_of(TRACKML.select([name])) == layers


def test_several_names_choose_each_layer_once_in_order() -> None:
    chosen = TRACKML.select(["pixel endcap 1-2", "pixel barrel", "pixel barrel 1"])
    assert volumes_of(chosen) == [(7, 12), (7, 14), (8, 2), (8, 4), (8, 6), (8, 8), (9, 2), (9, 4)]
    assert TRACKML.select([]) == ()


@pytest.mark.parametrize(
    "name", ["muon", "pixle barrel 1", "pixel barrel 0", "pixel 3-2", "7", "", "barrel x", "innermost 1"]
)
def test_names_of_no_layer_are_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match="the detector TrackML has no layers") as caught:
        TRACKML.select([name])
    assert repr(name) in str(caught.value)
    assert "long strip barrel, long strip endcap, pixel barrel" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_those_of_the_detector(six_cylinders: Detector) -> None:
    assert six_cylinders.select(["pixel barrel 2-3"]) == (1, 2)
    assert six_cylinders.select(["all"]) == (0, 1, 2, 3, 4, 5)
    with pytest.raises(ConfigError, match="the detector six cylinders has no layers 'muon'"):
        six_cylinders.select(["pixel barrel 1", "muon"])


def test_layers_that_a_detector_lacks_are_left_out(six_cylinders: Detector) -> None:
    assert six_cylinders.select(["pixel endcap 1-2", "pixel barrel 2"]) == (1,)
    assert six_cylinders.select(["pixel barrel 6-9", "long strip"]) == (5,)


def test_where_no_named_layer_is_left_the_innermost_are_meant(six_cylinders: Detector) -> None:
    assert six_cylinders.select(["innermost"]) == (0,)
    for lacking in ("pixel endcap 1-2", "short strip barrel", "pixel barrel 7"):
        assert six_cylinders.select([lacking]) == (0,)


def test_the_innermost_layers_are_those_that_tracks_from_the_beam_line_meet_first() -> None:
    # the first cylinder, and at both ends the first disc, which begins at r = 30 mm: eta above 3.5
    assert volumes_of(TRACKML.select(["innermost"])) == [(7, 14), (8, 2), (9, 2)]


def test_a_detector_goes_to_other_processes(six_cylinders: Detector) -> None:
    _ = six_cylinders.surfaces, six_cylinders.following(1), six_cylinders.solenoid.map
    copy = pickle.loads(pickle.dumps(six_cylinders))
    assert copy.layers == six_cylinders.layers
    np.testing.assert_array_equal(copy.surfaces, six_cylinders.surfaces)
