"""The command line: `clew reconstruct`, `score`, `evaluate`, `validate`, `dataset`, `train`, `benchmark` and `info`."""
