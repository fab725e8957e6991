"""What a detector's bundle holds besides its description, learned from events with truth."""

from clew.calibration.calibrate import calibrate
from clew.calibration.clusters import learn_clusters
from clew.calibration.counts import ClusterCounts, count_clusters
from clew.calibration.information import ClassInformation, information_of, information_table
from clew.calibration.write import write_axes, write_clusters, write_description

__all__ = [
    "ClassInformation",
    "ClusterCounts",
    "calibrate",
    "count_clusters",
    "information_of",
    "information_table",
    "learn_clusters",
    "write_axes",
    "write_clusters",
    "write_description",
]
