"""Simulated events: Pythia's collisions, Fatras' transport through the TrackML detector, and its read-out."""

from __future__ import annotations

from clew.simulation.config import GunConfig, Process, SimulationConfig

__all__ = ["GunConfig", "Process", "SimulationConfig"]
