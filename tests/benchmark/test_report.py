import json
import os
from dataclasses import replace

import pytest

from clew.benchmark import BenchmarkConfig, BenchmarkResult, run
from clew.errors import ConfigError, InputError
from clew.machine import describe_machine

# where another test of the same process made TensorFlow deterministic, it compiles no more
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Model doesn't support `jit_compile")]

STAGES = ["seeding", "extend", "fitting", "ensemble"]


@pytest.fixture(scope="module")
def result(make_toy_event) -> BenchmarkResult:
    """Measure a toy event and two small networks with few tracks."""
    told = []
    config = BenchmarkConfig(preset="finnie", networks=("lstm-32", "lstm-64"), n_tracks=64, repeats=3)
    measured = run(make_toy_event(120, noise=20), config, told.append)
    assert told == ["stages of preset finnie", "lstm-32 on the CPU", "lstm-64 on the CPU"]
    return measured


def test_every_column_is_measured(result):
    cpu = result.rows[0]
    assert list(cpu.times) == ["Seeding", "lstm-32", "lstm-64", "Fitting", "Total"]
    assert list(result.stages.stages) == STAGES
    assert list(result.stages.extenders)
    for timing in (*cpu.times.values(), *result.stages.stages.values(), result.stages.total):
        assert 0 < timing.low <= timing.median <= timing.high
        assert timing.repeats == 3


def test_totals_are_sums(result):
    times = result.rows[0].times
    parts = [time.median for column, time in times.items() if column != "Total"]
    assert times["Total"].median == pytest.approx(sum(parts))
    assert result.stages.total.high <= sum(time.high for time in result.stages.stages.values()) + 1e-9


def test_fitting_refers_to_ten_thousand_tracks(result):
    expected = result.stages.fit.median * 10_000 / result.stages.n_seeds
    assert result.rows[0].times["Fitting"].median == pytest.approx(expected)


def test_scores_and_rates(result):
    stages = result.stages
    assert 0 <= stages.phase1 <= 1
    assert 0 <= stages.phase2 <= 1
    assert stages.throughput >= 0
    assert stages.hits_per_second == pytest.approx(stages.n_hits / stages.total.median)
    assert stages.memory > 0


def test_json_round_trip(result, tmp_path):
    path = result.write(tmp_path / "benchmark.json")
    assert BenchmarkResult.read(path) == result
    content = json.loads(path.read_text())
    assert content["machine"]["cores"] >= 1
    assert content["rows"][0]["times"]["Seeding"]["repeats"] == 3
    assert content["backend"] == os.environ.get("KERAS_BACKEND", "tensorflow")


@pytest.mark.parametrize("text", ["", "{}", '{"machine": 1}'])
def test_a_file_of_something_else_is_refused(text, tmp_path):
    path = tmp_path / "benchmark.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"benchmark\.json: not a readable benchmark"):
        BenchmarkResult.read(path)


def test_the_text_shows_both_tables_and_the_machine(result):
    text = result.table()
    for word in (*STAGES, "total", "hits/s", "phase 1", "Seeding", "Bi-LSTM", "192", "44", "median of 3"):
        assert word.lower() in text.lower()
    assert str(result.machine) in text


def test_bars_leave_the_total_out(result):
    bars = result.bars()
    assert len(bars) == 2 + len(result.rows)
    assert all("Total" not in row for row in bars.values())
    assert sum(bars["paper, Mac (i7-4870HQ), CPU"].values()) == 192


def test_without_networks_and_without_truth(make_toy_event):
    event = replace(make_toy_event(120), truth=None)
    quick = run(event, BenchmarkConfig(networks=(), repeats=1))
    assert quick.rows == ()
    assert quick.backend is None
    assert quick.stages.phase1 is None
    assert "Bi-LSTM" not in quick.table()
    assert "phase 1" not in quick.table()


def test_unknown_network_and_preset_are_refused(make_toy_event):
    event = make_toy_event(120)
    with pytest.raises(ConfigError, match="unknown network 'lstm-7'"):
        run(event, BenchmarkConfig(networks=("lstm-7",), n_tracks=4, repeats=1))
    with pytest.raises(ConfigError, match="unknown preset"):
        run(event, BenchmarkConfig(preset="nobody", networks=()))


def test_the_machine_is_described():
    machine = describe_machine()
    assert machine.cpu
    assert machine.memory > 0.1
    assert {"numpy", "numba", "clew"} <= machine.versions.keys()
    assert machine.cpu in str(machine)
    assert f"Python {machine.python}" in str(machine)
