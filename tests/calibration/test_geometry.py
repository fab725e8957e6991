"""What a calibration is told and finds: ACTS' table of surfaces, maps of the field, limits of clusters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.calibration import given_field, read_geometry
from clew.calibration.check import least_hits_of
from clew.calibration.layers import places_of
from clew.calibration.slopes import slopes_of
from clew.detector import Solenoid
from clew.errors import ConfigError, InputError

HEADER = (
    "geometry_id,volume_id,boundary_id,layer_id,module_id,extra_id,cx,cy,cz,rot_xu,rot_xv,rot_xw,rot_yu,rot_yv,"
    "rot_yw,rot_zu,rot_zv,rot_zw,bounds_type,bound_param0,bound_param1,bound_param2,bound_param3,bound_param4,"
    "bound_param5,bound_param6,module_t,pitch_u,pitch_v"
)
APPROACH = "1,4,0,2,0,0,0,0,0,1,0,0,0,1,0,0,0,1,1,50,200,3.14,0,-1,-1,-1,-1,-1,-1"
# u along y, v along z, w along x: a module of a cylinder, 20 mm by 100 mm
UPRIGHT = "2,4,0,2,{module},0,{x},0,30,0,0,1,1,0,0,0,1,0,6,-10,-50,10,50,-1,-1,-1,0.3,0.05,0.4"
# a trapezoid in the plane z = 500: 8 mm wide at its low end, 12 mm at its high end, 60 mm long
FLAT = "3,5,0,4,1,0,60,0,500,0,1,0,1,0,0,0,0,-1,7,4,6,30,0,-1,-1,-1,0.3,-1,-1"


def written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_the_sensitive_surfaces_of_acts_are_the_modules(tmp_path: Path) -> None:
    rows = [APPROACH, UPRIGHT.format(module=1, x=50), UPRIGHT.format(module=2, x=-50), FLAT]
    geometry = read_geometry(written(tmp_path / "detectors.csv", *rows))
    modules = geometry.modules
    assert modules is not None
    assert modules.module.tolist() == [1, 2, 1]
    np.testing.assert_allclose(modules.half_size, [[0.3, 10, 10, 50], [0.3, 10, 10, 50], [0.3, 4, 6, 30]])
    cylinder, disc = places_of(modules)
    assert (cylinder.volume, cylinder.layer, cylinder.barrel, cylinder.n_modules) == (4, 2, True, 2)
    assert (cylinder.position, cylinder.reach) == (50.0, (0.0, 80.0))
    assert cylinder.depth == pytest.approx(np.hypot(50.0, 10.0) - 50.0)
    assert (disc.volume, disc.layer, disc.barrel, disc.position) == (5, 4, False, 500.0)
    assert disc.reach == pytest.approx((30.0, np.hypot(90.0, 6.0)))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((APPROACH,), "lists no sensitive surface"),
        ((UPRIGHT.format(module=1, x="near"),), "cannot read ACTS' geometry"),
        (
            (UPRIGHT.format(module=1, x=1), UPRIGHT.format(module=1, x=2)),
            "data row 2: module (volume 4, layer 2, ",
        ),
    ],
)
def test_what_is_wrong_in_it_is_named(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_geometry(written(tmp_path / "detectors.csv", *rows))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_are_no_description(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no description of a detector: give a "):
        read_geometry(tmp_path / "detector.root")


@pytest.mark.parametrize(("text", "strength"), [("2T", 2.0), ("3.8 t", 3.8), ("-1", 1.0), ("0", 0.0)])
def test_fields_in_tesla(text: str, strength: float) -> None:
    assert given_field(text) == Solenoid.uniform(strength)


def test_fields_that_no_detector_has_are_refused() -> None:
    with pytest.raises(ConfigError, match="--field is 2000T: give Tesla"):
        given_field("2000T")


def test_the_coil_of_a_map_is_found(tmp_path: Path) -> None:
    coil = Solenoid(2.5, 900.0, 1500.0, (0.0, 0.0, 40.0))
    x, z = (
        part.ravel() for part in np.meshgrid(np.linspace(1.0, 500.0, 12), np.linspace(-2000.0, 2000.0, 41))
    )
    radial, axial = coil.field(x, z - 40.0)
    table = tmp_path / "map.txt"
    np.savetxt(table, np.stack([x, 0 * x, z, radial, 0 * x, axial], axis=1))
    found = given_field(str(table))
    again = found.field(np.array([100.0, 400.0]), np.array([0.0, 1600.0]) - found.centre[2])[1]
    assert again == pytest.approx(
        coil.field(np.array([100.0, 400.0]), np.array([-40.0, 1560.0]))[1], rel=0.01
    )


def test_a_map_of_other_columns_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "map.txt"
    np.savetxt(table, np.ones((5, 4)))
    with pytest.raises(InputError, match="a map has rows of six numbers"):
        given_field(str(table))


def test_limits_of_clusters_are_those_of_pitch_and_depth() -> None:
    rng, per_column = np.random.default_rng(1), 0.25  # pitch over depth
    slope = rng.uniform(0.0, 2.0, 200_000)
    columns = 1 + np.floor(slope / per_column + rng.uniform(size=len(slope))).astype(np.int64)
    limits = slopes_of(columns, slope)
    assert limits is not None
    assert limits.least_per_column == pytest.approx(per_column, rel=0.03)
    assert limits.most_per_column == limits.least_per_column
    # such clusters are of slopes from (n - 2) to n columns: hardly any is outside
    least = limits.least_per_column * (columns - 2) - limits.least_off
    most = limits.most_per_column * columns + limits.most_off
    assert ((slope < least) | (slope > most)).mean() < 0.02
    assert (most - least).mean() < 3.0 * per_column


def test_clusters_of_one_column_tell_no_limits() -> None:
    assert slopes_of(np.ones(1000, dtype=np.int64), np.linspace(0.0, 1.0, 1000)) is None
    assert slopes_of(np.zeros(1000, dtype=np.int64), np.linspace(0.0, 1.0, 1000)) is None


def test_how_many_hits_a_particle_needs_goes_by_long_tracks() -> None:
    assert least_hits_of(np.array([9] * 9 + [2])) == 6
    assert least_hits_of(np.array([15] * 9 + [2])) == 7
    assert least_hits_of(np.array([3])) == 3
