import numpy as np

from clew.metrics import BinnedRate, evaluate
from clew.metrics.tracks import Curves
from clew.plots import draw_efficiency


def test_draws_the_curves_of_an_event(make_toy_event, degraded, png_size, tmp_path):
    event = make_toy_event(60)
    tracks = evaluate(event, degraded(event)).tracks
    path = tmp_path / "efficiency.png"
    assert draw_efficiency(tracks.against_pt, tracks.against_eta, path) == path
    assert png_size(path) == (1650, 1050)


def test_draws_rates_of_zero_one_and_nothing(png_size, tmp_path):
    zero = BinnedRate(np.array([0.1, 1.0, 2.0, 3.0]), np.array([0, 5, 0]), np.array([5, 5, 0]))
    curves = Curves(zero, zero, zero, zero, zero)
    assert png_size(draw_efficiency(curves, curves, tmp_path / "rates.png")) == (1650, 1050)
