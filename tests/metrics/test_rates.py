import numpy as np
import pytest

from clew.metrics.rates import BinnedRate, ratio


def test_ratio_of_nothing_is_nan():
    assert ratio(1, 4) == 0.25
    assert np.isnan(ratio(0, 0))


def test_counts_per_bin_and_leaves_out_what_is_outside():
    values = np.array([0.5, 1.0, 1.5, 1.9, 7.0], np.float32)
    passed = np.array([True, False, True, True, True])
    rate = BinnedRate.count(values, passed, np.array([0.0, 1.0, 2.0, 3.0]))
    assert rate.total.tolist() == [1, 3, 0]
    assert rate.passed.tolist() == [1, 2, 0]
    np.testing.assert_allclose(rate.rate, [1.0, 2 / 3, np.nan])


def test_interval_is_wilsons():
    # one of four: centre (0.25 + 1/8) / (1 + 1/4) = 0.3, half sqrt(3/64 + 1/64) / 1.25 = 0.2
    low, high = BinnedRate(np.array([0.0, 1.0]), np.array([1]), np.array([4])).interval
    assert low[0] == pytest.approx(0.1)
    assert high[0] == pytest.approx(0.5)


def test_interval_at_the_ends_is_no_point_and_holds_the_rate():
    rate = BinnedRate(np.arange(4.0), np.array([0, 9, 0]), np.array([9, 9, 0]))
    low, high = rate.interval
    assert low[0] == 0.0 < high[0]
    assert low[1] < 1.0 == high[1]
    assert np.isnan(low[2])


def test_events_add_up():
    one = BinnedRate(np.arange(3.0), np.array([1, 0]), np.array([2, 3]))
    both = BinnedRate.add([one, one])
    assert both.passed.tolist() == [2, 0]
    assert both.total.tolist() == [4, 6]
