"""The command line: `clew reconstruct`, `score`, `evaluate`, `train`, `benchmark` and `info`."""
