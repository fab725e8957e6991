"""Primary vertices along the beam line: a density seeder and an adaptive fit of all vertices at once."""

from clew.vertexing.find import VertexConfig, find_vertices
from clew.vertexing.vertices import Vertices

__all__ = ["VertexConfig", "Vertices", "find_vertices"]
