"""The command line: `clew reconstruct`, `score`, `evaluate`, `validate`, `train`, `benchmark` and `info`."""
