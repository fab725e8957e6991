"""Fits of hand-made helices, of toys with known noise, and of what is no track."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest

from clew.detector import Detector, Slab, Solenoid
from clew.detector.matter import read_slabs
from clew.errors import InputError
from clew.event import Hits
from clew.trackfit import FitConfig, Flag, Tracks, fit_tracks

BARREL = (7, 8, 9, 10, 24, 25, 26, 27)
BENDING = 2.99792458e-4 * 2.0  # GeV/mm in 2 T


@pytest.fixture(scope="module")
def bare(in_uniform_field: Callable[..., Detector]) -> Detector:
    """Return cylinders in 2 T without material, whose modules point outwards and clusters tell nothing."""
    detector = in_uniform_field(*BARREL)
    return replace(
        detector, axes=None, clusters=None, resolutions=None, slabs=(), radiation_lengths=0.0, energy_loss=0.0
    )


def crossings(detector: Detector, truth: np.ndarray) -> np.ndarray:
    """Return x, y, z, layer of helices d0, z0, phi, theta, q/p on all cylinders, one after the other."""
    rows = []
    for d0, z0, phi, theta, qop in truth:
        curvature = -BENDING * qop / np.sin(theta)
        for number, layer in enumerate(detector.layers):
            chord = np.sqrt((layer.position**2 - d0**2) / (1.0 + curvature * d0))
            half = np.arcsin(0.5 * curvature * chord)
            x = -d0 * np.sin(phi) + chord * np.cos(phi + half)
            y = d0 * np.cos(phi) + chord * np.sin(phi + half)
            rows.append((x, y, z0 + 2.0 * half / curvature / np.tan(theta), number))
    return np.array(rows)


def random_truth(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    qop = rng.choice((-1.0, 1.0), n) / rng.uniform(1.0, 10.0, n)
    columns = (rng.normal(0, 1.0, n), rng.normal(0, 20.0, n), rng.uniform(-3.1, 3.1, n))
    return np.stack([*columns, rng.uniform(1.0, 2.1, n), qop], axis=1)


def smeared(detector: Detector, rows: np.ndarray, seed: int) -> np.ndarray:
    """Return rows with the errors of their layers, in the planes that touch the cylinders."""
    rng, surfaces = np.random.default_rng(seed), detector.surfaces[rows[:, 3].astype(int)]
    phi = np.arctan2(rows[:, 1], rows[:, 0])
    moved, across = rows.copy(), rng.normal(0, surfaces["across"])
    moved[:, 0] -= across * np.sin(phi)
    moved[:, 1] += across * np.cos(phi)
    moved[:, 2] += rng.normal(0, surfaces["along"])
    return moved


def labels_for(rows: np.ndarray, n_layers: int = len(BARREL)) -> np.ndarray:
    return (1 + np.arange(len(rows)) // n_layers).astype(np.int32)


@pytest.fixture(scope="module")
def toy(bare: Detector, hits_on: Callable[..., Hits]) -> tuple[np.ndarray, Hits, Tracks]:
    """Return the truth of 1500 tracks, their hits and their fits."""
    truth = random_truth(1500, seed=3)
    rows = smeared(bare, crossings(bare, truth), seed=4)
    hits = hits_on(bare, rows.tolist())
    return truth, hits, fit_tracks(hits, labels_for(rows))


def test_a_helix_by_hand_is_found_again(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    truth = np.array(
        [[0.5, 12.0, 0.7, 1.2, 0.4], [-2.0, -30.0, -2.5, 2.0, -0.9], [0.0, 0.0, 3.0, 1.57, 1e-3]]
    )
    rows = crossings(bare, truth)
    tracks = fit_tracks(hits_on(bare, rows.tolist()), labels_for(rows))
    assert not tracks.flag.any()
    np.testing.assert_allclose(tracks.parameters, truth, atol=3e-4)
    np.testing.assert_array_equal(tracks.charge, [1, -1, 1])
    np.testing.assert_allclose(tracks.pt, np.sin(truth[:, 3]) / np.abs(truth[:, 4]), rtol=0.02)
    np.testing.assert_array_equal(tracks.n_hits, 8)
    np.testing.assert_array_equal(tracks.n_holes, 0)
    assert tracks.chi2.max() < 0.1


def test_a_track_goes_on_along_its_helix(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    truth = np.array([[0.5, 12.0, 0.7, 1.2, 0.4]])
    rows = crossings(bare, truth)
    (track,) = fit_tracks(hits_on(bare, rows.tolist()), labels_for(rows))
    for x, y, z, number in rows:
        found = track.at_radius(bare.layers[int(number)].position)
        assert found == pytest.approx((x, y, z), abs=0.02)
        assert track.at_z(z) == pytest.approx((x, y, z), abs=0.02)
    assert track.at_radius(0.1) is None
    assert track.at_radius(1e5) is None


def test_pulls_of_known_noise_have_width_one(toy: tuple[np.ndarray, Hits, Tracks]) -> None:
    truth, _, tracks = toy
    assert tracks.good.all()
    off = tracks.parameters - truth
    off[:, 2] = (off[:, 2] + np.pi) % (2 * np.pi) - np.pi
    pulls = off / np.sqrt(np.einsum("nii->ni", tracks.covariance))
    np.testing.assert_allclose(pulls.mean(axis=0), 0.0, atol=0.1)
    np.testing.assert_allclose(pulls.std(axis=0), 1.0, atol=0.07)
    # all correlations too: chi2 of five parameters
    distance = np.einsum("ni,nij,nj->n", off, np.linalg.inv(tracks.covariance), off)
    assert distance.mean() == pytest.approx(5.0, abs=0.4)
    assert (tracks.chi2 / tracks.ndf).mean() == pytest.approx(1.0, abs=0.05)
    assert tracks.n_outliers.mean() < 0.01


def test_the_smoother_is_a_least_squares_fit(toy: tuple[np.ndarray, Hits, Tracks], bare: Detector) -> None:
    """Parameters of the nearly linear problem: a Gauss-Newton fit of all residuals gives the same."""
    truth, hits, tracks = toy
    errors = np.stack([bare.surfaces["across"], bare.surfaces["along"]], axis=1)
    for i in range(3):
        rows = np.stack([hits.x, hits.y, hits.z], axis=1)[8 * i : 8 * i + 8].astype(np.float64)

        def residuals(values: np.ndarray, rows: np.ndarray = rows) -> np.ndarray:
            at = crossings(bare, values[None])
            phi = np.arctan2(rows[:, 1], rows[:, 0])
            across = (rows[:, 1] - at[:, 1]) * np.cos(phi) - (rows[:, 0] - at[:, 0]) * np.sin(phi)
            return np.stack([across, rows[:, 2] - at[:, 2]], axis=1) / errors

        fitted, steps = truth[i].copy(), 1e-4 * np.array([1.0, 1.0, 1e-2, 1e-2, 1e-2])
        for _ in range(4):
            jacobian = np.stack(
                [
                    (residuals(fitted + step) - residuals(fitted - step)).ravel() / (2 * step.sum())
                    for step in np.diag(steps)
                ],
                axis=1,
            )
            fitted -= np.linalg.lstsq(jacobian, residuals(fitted).ravel(), rcond=None)[0]
        covariance = np.linalg.inv(jacobian.T @ jacobian)
        deviations = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose((tracks.parameters[i] - fitted) / deviations, 0.0, atol=0.15)
        np.testing.assert_allclose(
            tracks.covariance[i] / np.outer(deviations, deviations),
            covariance / np.outer(deviations, deviations),
            atol=0.05,
        )


def test_a_hit_far_off_is_an_outlier(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    truth = random_truth(20, seed=5)
    rows = smeared(bare, crossings(bare, truth), seed=6)
    clean = fit_tracks(hits_on(bare, rows.tolist()), labels_for(rows))
    rows[5::8, 2] += 50.0  # of each track the sixth hit
    tracks = fit_tracks(hits_on(bare, rows.tolist()), labels_for(rows))
    np.testing.assert_array_equal(tracks.outlier.reshape(20, 8)[:, 5], True)
    np.testing.assert_array_equal(tracks.n_hits, 7)
    shift = (tracks.parameters - clean.parameters) / np.sqrt(np.einsum("nii->ni", clean.covariance))
    assert np.abs(shift).max() < 1.5
    kept = fit_tracks(hits_on(bare, rows.tolist()), labels_for(rows), FitConfig(outlier_chi2=1e9))
    assert kept.chi2.min() > 100.0


def test_a_layer_without_a_hit_is_a_hole(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    rows = np.delete(crossings(bare, np.array([[0.0, 0.0, 0.3, 1.4, 0.5]])), 3, axis=0)
    tracks = fit_tracks(hits_on(bare, rows.tolist()), np.ones(7, dtype=np.int32))
    assert (tracks.n_holes.tolist(), tracks.n_layers.tolist()) == ([1], [7])


def test_material_widens_what_is_known(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    rows = crossings(bare, np.array([[0.0, 0.0, 0.3, 1.4, 1.0]]))
    thick = replace(bare, radiation_lengths=0.02, energy_loss=0.03)
    one, other = (fit_tracks(hits_on(each, rows.tolist()), labels_for(rows)) for each in (bare, thick))
    assert (np.einsum("nii->ni", other.covariance) > 1.5 * np.einsum("nii->ni", one.covariance)).all()
    assert abs(other.parameters[0, 4]) < abs(one.parameters[0, 4])  # what was lost is given back


def test_what_is_no_track_has_a_flag_and_no_nan(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    good = crossings(bare, np.array([[0.0, 0.0, 0.3, 1.4, 0.5]]))
    two = good[:2]
    module = np.array([(32.0, 0.1 * k, 3.0 * k, 0) for k in range(4)])
    same = np.repeat(good[:3], 3, axis=0)
    rng = np.random.default_rng(0)
    junk = np.column_stack([rng.uniform(-500, 500, (12, 3)), np.arange(12) % 8])
    parts = [good, two, module, same, junk]
    labels = np.repeat(np.arange(1, 6), [len(part) for part in parts]).astype(np.int32)
    tracks = fit_tracks(hits_on(bare, np.concatenate(parts).tolist()), labels)
    assert tracks.flag[:3].tolist() == [0, Flag.FEW_LAYERS, Flag.ONE_MODULE]
    table = tracks.to_pandas()
    assert len(table) == 5
    assert np.isfinite(table.to_numpy(dtype=np.float64)).all()
    assert (table.loc[table.flag > 0, ["d0", "pt", "eta", "charge", "chi2", "ndf"]] == 0).all(axis=None)


def test_no_field_and_no_errors_are_told(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    rows = crossings(bare, np.array([[0.0, 0.0, 0.3, 1.4, 0.5]]))
    straight = replace(bare, solenoid=Solenoid(0.0, 1000.0, 3000.0))
    classes = {name: replace(one, across=0.0) for name, one in bare.classes.items()}
    for detector, flag in ((straight, Flag.NO_FIELD), (replace(bare, classes=classes), Flag.NO_ERRORS)):
        tracks = fit_tracks(hits_on(detector, rows.tolist()), labels_for(rows))
        assert tracks.flag.tolist() == [flag]
        assert not tracks.parameters.any()
        assert np.isfinite(tracks.to_pandas().to_numpy(dtype=np.float64)).all()


def test_an_event_without_tracks_has_an_empty_table(bare: Detector, hits_on: Callable[..., Hits]) -> None:
    tracks = fit_tracks(hits_on(bare, [(32.0, 0.0, 0.0, 0)]), np.zeros(1, dtype=np.int32))
    assert (len(tracks), len(tracks.to_pandas()), list(tracks)) == (0, 0, [])
    with pytest.raises(IndexError, match="track 0 of 0"):
        tracks[0]


def test_neither_order_nor_threads_matter(
    toy: tuple[np.ndarray, Hits, Tracks],
) -> None:
    _, hits, tracks = toy
    labels = labels_for(hits.x)
    order = np.random.default_rng(7).permutation(len(hits))
    np.testing.assert_array_equal(fit_tracks(hits.select(order), labels[order]).parameters, tracks.parameters)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = fit_tracks(hits, labels)
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(alone.covariance, tracks.covariance)


def test_bad_material_is_refused_by_row(tmp_path: Path) -> None:
    head = "shape,position,low,high,radiation_lengths,even\n"
    for row, told in (
        ("cone,19,0,3000,0.002,no", "cylinder or disc"),
        ("disc,19,a,3000,0.002,no", "not a number"),
        ("cylinder,19,30,20,0.002,no", "low below high"),
        ("cylinder,-19,0,20,0.002,no", "radius above 0"),
    ):
        (tmp_path / "material.csv").write_text(head + row + "\n")
        with pytest.raises(InputError, match=f"row 1: .*{told}"):
            read_slabs(tmp_path / "material.csv")
    (tmp_path / "material.csv").write_text(head + "cylinder,19,0,3000,0.002,yes\n")
    assert read_slabs(tmp_path / "material.csv") == (Slab(True, 19.0, 0.0, 3000.0, 0.002, True),)
