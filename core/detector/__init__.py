"""The detector as data: layers, field, material and which layers follow which, read from a bundle."""

from clew.detector.bundle import detector_digest, detector_of, read_detector, trackml
from clew.detector.clusters import ClusterTables
from clew.detector.detector import ClusterSlopes, Detector, Layer, LayerClass, Lengths, SeedLengths
from clew.detector.matter import Slab
from clew.detector.modules import Modules
from clew.detector.resolutions import ResolutionTables
from clew.detector.solenoid import Solenoid

__all__ = [
    "ClusterSlopes",
    "ClusterTables",
    "Detector",
    "Layer",
    "LayerClass",
    "Lengths",
    "Modules",
    "ResolutionTables",
    "SeedLengths",
    "Slab",
    "Solenoid",
    "detector_digest",
    "detector_of",
    "read_detector",
    "trackml",
]
