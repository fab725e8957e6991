"""A detector's bundle, learned from its description and a few events."""

from clew.calibration.calibrate import CalibrationConfig, calibrate, calibrate_tables
from clew.calibration.clusters import learn_clusters
from clew.calibration.counts import ClusterCounts, count_clusters
from clew.calibration.field import given_field
from clew.calibration.geometry import read_geometry
from clew.calibration.information import ClassInformation, information_of, information_table
from clew.calibration.write import write_axes, write_clusters, write_description

__all__ = [
    "CalibrationConfig",
    "ClassInformation",
    "ClusterCounts",
    "calibrate",
    "calibrate_tables",
    "count_clusters",
    "given_field",
    "information_of",
    "information_table",
    "learn_clusters",
    "read_geometry",
    "write_axes",
    "write_clusters",
    "write_description",
]
