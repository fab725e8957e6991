"""`clew info`: what is installed and what it can do."""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]

_PACKAGES = (
    "numpy",
    "numba",
    "scikit-learn",
    "hdbscan",
    "pandas",
    "pyarrow",
    "keras",
    "tensorflow-cpu",
    "pyacts",
    "chromo",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(options: argparse.Namespace) -> None:
    """Print versions, machine, presets, methods and weights."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import clew
    from clew.machine import core_count

    def installed(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    print(f"clew            {clew.__version__}, Python {platform.python_version()}")
    print(f"machine         {platform.machine()}, {core_count()} cores")
    for package in _PACKAGES:
        print(f"{package:<15} {installed(package)}")
    _print_choices()


def _print_choices() -> None:
    from clew import ensemble, extend, fitting, seeding
    from clew.experiments import TASKS, available_experiments
    from clew.networks.shipped import available_weights
    from clew.pipeline.preset import Preset, available_presets
    from clew.studies import STUDIES

    for stage, methods in (
        ("seeding", seeding.METHODS),
        ("extend", extend.METHODS),
        ("fitting", fitting.METHODS),
        ("ensemble", ensemble.METHODS),
    ):
        print(f"{stage:<15} {', '.join(sorted(methods))}")
    for package in ("clew.seeding.weights", "clew.extend.weights"):
        print(f"weights         {', '.join(available_weights(package))}")
    print(f"tasks           {', '.join(sorted(TASKS))}")
    print(f"experiments     {', '.join(available_experiments())}")
    print(f"studies         {', '.join(sorted(STUDIES))}")
    for name in available_presets():
        print(f"preset          {name}: {Preset.load(name).description}")
