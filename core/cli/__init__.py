"""The command line: `clew reconstruct`, `score`, `evaluate`, `dataset`, `train` and more, one module each."""
