"""Graphs of hits after HEP.TrkX and Exa.TrkX: doublets, networks that judge them, training, seeder."""

from clew.seeding.graph.doublets import DoubletConfig, find_doublets
from clew.seeding.graph.graph import Graph, build_graph

__all__ = ["DoubletConfig", "Graph", "build_graph", "find_doublets"]
