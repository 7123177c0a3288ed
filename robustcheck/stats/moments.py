"""The distribution of resampled sums in closed form: as good as drawing them, where it is nearly normal.

A resample of the m units of a stratum adds up m independent draws, so its cumulants are m times those of one draw:
with c_i the distances from the mean they are sum c^2, sum c^3 and sum c^4 - 3 (sum c^2)^2 / m. Cumulants of strata
add up. Source: Cornish & Fisher 1938, to the second order; Hall 1992 for the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from robustcheck.stats.proportions import ROUNDING
from robustcheck.stats.sampling import Floats, Units

# Within these the two leave out less than .01 of a standard error up to 4 of them, the draws' own noise.
_SKEW, _EXCESS = 0.1, 0.05


@dataclass(frozen=True, slots=True)
class Moments:
    """The cumulants of a resampled sum: its variance, skewness and excess kurtosis."""

    variance: float
    skew: float = 0.0
    excess: float = 0.0

    @property
    def is_near_normal(self) -> bool:
        """Whether the closed form holds."""
        return abs(self.skew) <= _SKEW and abs(self.excess) <= _EXCESS

    def quantile(self, z: float) -> float:
        """Return the distance from the mean that a resampled sum stays below with probability Phi(z)."""
        skewed = self.skew * (z**2 - 1) / 6 - self.skew**2 * (2 * z**3 - 5 * z) / 36
        return sqrt(self.variance) * (z + skewed + self.excess * (z**3 - 3 * z) / 24)


def moments_of(influence: Floats, units: Units, unseen: float = 0.0) -> Moments:
    """Return the moments of resampled sums of influences (n,).

    ``unseen`` adds what was not seen: one gain and one loss of that size, each Poisson with mean 1.
    """
    totals: Floats = np.bincount(units.index, weights=influence).astype(np.float64)
    # A Poisson number has all cumulants equal to its mean; the odd ones of a gain and a loss cancel.
    second, third, fourth = 2 * unseen**2, 0.0, 2 * unseen**4
    for stratum in units.strata:
        distances = totals[stratum] - totals[stratum].mean()
        squares = distances**2
        own = float(squares.sum())
        second += own
        third += float((squares * distances).sum())
        fourth += float((squares**2).sum()) - 3 * own**2 / stratum.size
    return Moments(second, third / second**1.5, fourth / second**2) if second > ROUNDING**2 else Moments(0.0)
