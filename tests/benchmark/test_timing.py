import pytest

from clew.benchmark.timing import Timing, measure


def test_median_and_extremes():
    timing = Timing.of([3.0, 1.0, 2.0, 9.0])
    assert timing == Timing(2.5, 1.0, 9.0, 4)
    assert Timing.of([2.0]) == Timing(2.0, 2.0, 2.0, 1)


def test_total_adds_what_runs_one_after_the_other():
    total = Timing.total([Timing(2.0, 1.0, 3.0, 5), Timing(20.0, 10.0, 30.0, 3)])
    assert total == Timing(22.0, 11.0, 33.0, 3)


def test_scaling_to_more_work():
    assert Timing(2.0, 1.0, 3.0, 5).scaled(10) == Timing(20.0, 10.0, 30.0, 5)


def test_the_warm_up_is_called_but_not_counted():
    calls = []
    timing = measure(lambda: calls.append(1), 3)
    assert len(calls) == 4
    assert timing.repeats == 3
    assert 0 <= timing.low <= timing.median <= timing.high


def test_an_error_in_the_work_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        measure(lambda: 1 / 0, 1)
