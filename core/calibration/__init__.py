"""What a detector's bundle holds besides its description, learned from events with truth."""

from clew.calibration.clusters import learn_clusters
from clew.calibration.write import write_axes, write_clusters

__all__ = ["learn_clusters", "write_axes", "write_clusters"]
