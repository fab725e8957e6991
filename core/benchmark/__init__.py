"""The time that every stage takes on this machine, beside the times of the paper."""

from clew.benchmark.report import BenchmarkConfig, BenchmarkResult, run

__all__ = ["BenchmarkConfig", "BenchmarkResult", "run"]
