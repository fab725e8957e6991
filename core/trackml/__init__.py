"""The interface of the TrackML challenge's own library, under the same names and with the same results.

A notebook written for `trackml` works with `clew.trackml`: the modules are `dataset`, `randomize`, `score`,
`utils` and `weights`, and they take and give pandas data frames.
"""

from clew.trackml import dataset, randomize, score, utils, weights

__all__ = ["dataset", "randomize", "score", "utils", "weights"]
