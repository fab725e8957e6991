"""Metrics: how good seeds, predictions and tracks are, each defined once with its denominator."""

from clew.metrics.losses import LossTable, loss_table
from clew.metrics.matching import Matching, match
from clew.metrics.phases import names_tracks, phase_scores
from clew.metrics.predictions import PredictionReport, prediction_report, true_seeds
from clew.metrics.rates import BinnedRate
from clew.metrics.report import EventReport, Summary, evaluate, summarise
from clew.metrics.score import event_score, throughput_score
from clew.metrics.seeds import SeedReport, seed_report
from clew.metrics.tracks import TrackReport, track_report
from clew.metrics.weights import phase1_weights, phase2_weights

__all__ = [
    "BinnedRate",
    "EventReport",
    "LossTable",
    "Matching",
    "PredictionReport",
    "SeedReport",
    "Summary",
    "TrackReport",
    "evaluate",
    "event_score",
    "loss_table",
    "match",
    "names_tracks",
    "phase1_weights",
    "phase2_weights",
    "phase_scores",
    "prediction_report",
    "seed_report",
    "summarise",
    "throughput_score",
    "track_report",
    "true_seeds",
]
