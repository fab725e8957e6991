"""Graphs of hits, the networks that judge their edges, and the tracks that the edges make."""

from clew.graphs.doublets import DoubletConfig, find_doublets
from clew.graphs.graph import Graph, build_graph

__all__ = ["DoubletConfig", "Graph", "build_graph", "find_doublets"]
