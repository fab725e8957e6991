from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clew.cli.main import main
from clew.io import read_event, read_modules
from clew.simulation import GunConfig, SimulationConfig
from clew.simulation.driver import simulate_events
from clew.simulation.generator import particle_number
from clew.simulation.simulator import simulate_event

pytestmark = pytest.mark.slow

GUN = "particles=20,pt=1:5,eta=-2:2"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def collisions(tmp_path_factory):
    """Three events of few collisions in one folder."""
    folder = tmp_path_factory.mktemp("collisions")
    reports = list(simulate_events(folder, SimulationConfig(pileup=4), [1, 2, 3], 1, "parquet"))
    assert [report.event_id for report in reports] == [1, 2, 3]
    return folder


def test_an_event_does_not_depend_on_the_others(collisions, tmp_path):
    list(simulate_events(tmp_path, SimulationConfig(pileup=4), [3, 1], 1, "parquet"))
    alone, together = contents(tmp_path), contents(collisions)
    assert len(alone) == 10
    assert all(together[name] == data for name, data in alone.items())


def test_workers_make_the_same_bytes(tmp_path):
    for jobs in ("1", "2"):
        arguments = ["simulate", str(tmp_path / jobs), "--events", "3", "--gun", GUN, "--jobs", jobs]
        assert main(arguments) == 0
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_another_seed_makes_another_event():
    config = {"gun": GunConfig(particles=3), "noise": 0.01}
    first, second = (simulate_event(SimulationConfig(seed=s, **config), 1).event for s in (1, 2))
    assert not np.array_equal(first.particles.momentum, second.particles.momentum)


def test_weights_sum_to_one_and_hits_agree_with_particles(collisions):
    event = read_event(collisions / "event000000002")
    assert event.truth.weight.sum() == pytest.approx(1)
    found, counts = np.unique(event.truth.particle_id, return_counts=True)
    expected = dict(zip(event.particles.particle_id, event.particles.n_hits, strict=True))
    assert all(expected[p] == n for p, n in zip(found, counts, strict=True) if p)
    assert sum(expected.values()) == (event.truth.particle_id != 0).sum()
    assert len(np.unique(event.particles.particle_id)) == len(event.particles.particle_id)


def test_only_what_the_format_lists_is_listed(collisions):
    particles = read_event(collisions / "event000000001").particles
    assert (particles.charge != 0).all()
    assert (particles.pt > 0.0999).all()
    primary = (particles.particle_id >> 24) & 0xFFF == 0
    assert (np.abs(particles.eta[primary]) < 4.001).all()


def test_secondaries_start_where_their_primary_ends(collisions):
    event = read_event(collisions / "event000000002")
    pid = event.particles.particle_id
    first = np.flatnonzero((pid >> 24) & 0xFFF == 1)
    assert len(first) > 0
    for row in first:
        parent = np.flatnonzero(pid == (pid[row] >> 36) << 36)
        assert len(parent) == 1
        end = np.linalg.norm(event.particles.vertex[row])
        hits = event.truth.position[event.truth.particle_id == pid[parent[0]]]
        assert (np.linalg.norm(hits, axis=1) <= end + 30).all()


def test_slow_particles_leave_at_most_one_hit(collisions):
    for number in (1, 2, 3):
        particles = read_event(collisions / f"event{number:09d}").particles
        slow = particles.pt < 0.1499
        assert particles.n_hits[slow].max() == 1
        prompt = np.hypot(particles.vertex[:, 0], particles.vertex[:, 1]) < 1.0
        assert not particles.n_hits[slow & prompt].any()


def test_a_finished_run_is_not_made_again(tmp_path, capsys):
    arguments = ["simulate", str(tmp_path), "--gun", GUN, "--events", "2"]
    main(arguments)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    (tmp_path / "event000000002-truth.csv.gz").unlink()
    assert main(arguments) == 0
    assert "1 made, 1 were there" in capsys.readouterr().out
    assert (tmp_path / "event000000002-truth.csv.gz").is_file()
    kept = tmp_path / "event000000001-hits.csv.gz"
    assert kept.stat().st_mtime_ns == before[kept]


def test_settings_do_not_mix_in_a_folder(tmp_path, capsys):
    main(["simulate", str(tmp_path), "--gun", GUN])
    before = contents(tmp_path)
    assert main(["simulate", str(tmp_path), "--gun", GUN, "--noise", "2"]) == 2
    assert "simulation.noise = 0.945, not 2.0" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_detectors_and_record_are_written(tmp_path, modules):
    main(["simulate", str(tmp_path), "--gun", GUN, "--format", "csv"])
    table = read_modules(tmp_path / "detectors.csv")
    np.testing.assert_array_equal(table.centre, modules.centre)
    np.testing.assert_array_equal(table.half_size, modules.half_size)
    assert "sigma_z = 5.5" in (tmp_path / "simulation.toml").read_text()
    assert len(read_event(tmp_path).particles.particle_id) == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pileup", "-3"], "pileup is -3.0"),
        (["--process", "higgs"], "ttbar, dijet, none"),
        (["--pileup", "0", "--process", "none"], "there are no particles"),
        (["--gun", "pt"], "'pt'"),
        (["--gun", "mass=3"], "the keys are"),
        (["--gun", "pt=5:1"], "gun.pt"),
        (["--gun", GUN, "--format", "root"], "csv, csv.gz, parquet"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(arguments, message, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["simulate", str(out), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_particle_numbers_have_the_formats_bits():
    number = int(particle_number(3, 5, 2, 7, 1)[0])
    assert number == (3 << 52) + (5 << 36) + (2 << 24) + (7 << 12) + 1


def test_a_gun_shoots_what_it_is_told():
    gun = GunConfig(particles=50, pdg=211, pt=(2, 3), eta=(-1, 1), charge=-1, vertex=(1, 2, 30))
    particles = simulate_event(SimulationConfig(gun=gun, noise=0, interactions=False), 1).event.particles
    assert len(particles.particle_id) == 50
    assert (particles.charge == -1).all()
    assert ((particles.pt >= 1.9999) & (particles.pt <= 3.0001)).all()
    np.testing.assert_allclose(particles.vertex, np.tile([1, 2, 30], (50, 1)))
