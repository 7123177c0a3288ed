"""The median of per-sample scores, and its interval from order statistics.

The lower median is used: the smallest score that at least half of the samples do not exceed. The count of scores at or
below the true median is binomial with p = 1/2, whatever their distribution, so the interval between two order
statistics holds its level without any assumption. Source: Conover 1999, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from robustcheck.errors import DataError
from robustcheck.stats.proportions import Interval, IntervalAt
from robustcheck.stats.resampling import Counted
from robustcheck.stats.sampling import Floats, Ints
from robustcheck.stats.statistic import Statistic, require_scores
from robustcheck.values import Samples

# All of n samples lie on one side of the true median with probability 2^-n each way: of 12 in one case of 2,000.
FEWEST = 12


@final
@dataclass(frozen=True)
class Median(Statistic):
    """The lower median of the scores."""

    def value(self, samples: Samples) -> float:
        """Return the smallest score that half of the samples do not exceed."""
        require_scores(samples)
        ranked = np.sort(samples.scores)
        return float(ranked[(ranked.size - 1) // 2])

    def influence(self, samples: Samples) -> Floats:
        """Return sign(x - m) / (2 n f(m)), centred; 1 / f(m) is the slope of the quantiles around the median.

        The slope is taken between the order statistics one standard error of the rank (sqrt(n) / 2) away.
        """
        value, n = self.value(samples), samples.scores.size
        ranked, reach = np.sort(samples.scores), max(1, round(np.sqrt(n) / 2))
        middle = (n - 1) // 2
        low, high = max(0, middle - reach), min(n - 1, middle + reach)
        slope = (ranked[high] - ranked[low]) * n / max(1, high - low)
        signs = np.sign(samples.scores - value)
        return np.asarray((signs - signs.mean()) * slope / (2 * n))

    def is_fraction(self, samples: Samples) -> bool:
        """Say no: scores are sizes."""
        return False

    def counted(self, samples: Samples) -> Counted:
        """Return the median of how often each sample is drawn."""
        order = np.argsort(samples.scores, kind="stable")
        ranked = samples.scores[order]

        def statistic(counts: Ints) -> Floats:
            reached = np.cumsum(counts[:, order], axis=1)
            half = (reached[:, -1:] + 1) // 2
            return np.asarray(ranked[(reached >= half).argmax(axis=1)])

        return statistic

    def intervals(self, samples: Samples, seed: int) -> IntervalAt:
        """Return intervals between order statistics; of clustered samples, by resampling.

        Raises DataError for fewer than 12 samples, whose whole range may well miss the true median.
        """
        require_scores(samples)
        _require_enough(self.independent(samples))
        if samples.clusters is not None:
            return super().intervals(samples, seed)
        ranked = np.sort(samples.scores)

        def interval(level: float) -> Interval:
            from scipy.stats import binom

            below = int(binom.ppf((1 - level) / 2, ranked.size, 0.5))
            # With B(below - 1) <= tail, the below-th smallest lies under the median often enough; 0 means the smallest.
            low = ranked[max(0, below - 1)]
            return float(low), float(ranked[min(ranked.size - 1, ranked.size - max(1, below))])

        return interval


def _require_enough(n: int) -> None:
    if n < FEWEST:
        raise DataError(
            f"{n} samples: the median of so few has no interval that holds it for certain",
            expected=f"at least {FEWEST} samples",
            fix="use a larger slice or data set, or attack more images",
        )


MEDIAN = Median("median")
