"""A value that is a fixed weighted sum of what was found on each sample of several subsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strs = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class WeightedSum:
    """The columns of a weighted sum, one row a sample of a subset; the value is ``sum(scores * weights)``.

    groups count the subsets in their order; clusters the distinct sources, which several subsets show.
    """

    ids: Strs
    scores: Floats
    weights: Floats
    groups: Ints
    clusters: Ints

    @property
    def value(self) -> float:
        """Return the weighted sum."""
        return float(self.scores @ self.weights)
