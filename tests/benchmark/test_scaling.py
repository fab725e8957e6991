"""Start-up and scaling: what is measured adds up, and what cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.benchmark import BenchmarkConfig, BenchmarkResult, run
from clew.benchmark.scaling import Scaling, time_scaling
from clew.benchmark.timing import Timing
from clew.errors import InputError
from clew.io import find_events, read_event
from clew.pipeline.preset import Preset
from clew.plots.scaling import draw_scaling

SOURCES = find_events(Path("data/events"), 0, 2)


def once(*seconds: float) -> tuple[Timing, ...]:
    return tuple(Timing.of([value]) for value in seconds)


def test_the_exponent_is_the_power_of_hits() -> None:
    n_hits = (1_000, 10_000, 100_000)
    scaling = Scaling(2, n_hits, once(1, 2, 3), once(*(3.0 * n**1.2 for n in n_hits)))
    assert scaling.exponent == pytest.approx(1.2)


@pytest.mark.slow
def test_a_benchmark_shows_start_and_scaling(tmp_path: Path) -> None:
    config = BenchmarkConfig(networks=(), repeats=1)
    result = run(read_event(SOURCES[0]), config, source=SOURCES[0], scaling=SOURCES)
    assert result.start is not None
    assert result.scaling is not None
    assert result.start.start.median > 0
    assert result.start.event.median > 0
    assert result.scaling.n_hits[0] < result.scaling.n_hits[1]
    text = result.table()
    for words in ("start-up", "from files to submission", "1 thread", "time grows as hits to the power"):
        assert words in text
    assert BenchmarkResult.read(result.write(tmp_path / "benchmark.json")) == result
    assert draw_scaling(result.scaling, tmp_path / "scaling.png").stat().st_size > 10_000


@pytest.mark.slow
def test_events_of_one_size_do_not_show_scaling() -> None:
    with pytest.raises(InputError, match="scaling needs events of different sizes"):
        time_scaling(Preset.load("clew"), SOURCES[:1], 1)
