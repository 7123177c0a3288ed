"""Compare two models on the same images, and say what a number of images can resolve.

Sources: Efron & Tibshirani (1993), paired bootstrap; McNemar (1947), exact form.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from robustcheck.records import Samples
from robustcheck.stats.intervals import Interval, bootstrap_draws, covariance, sample_weights

POWER = 0.80


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference (second minus first) with its bootstrap replicates' quantile function.

    ``error`` is its standard error; ``discordant`` counts samples on which the two differ.
    """

    value: float
    error: float
    n: int
    discordant: int
    p_value: float
    draws: tuple[float, ...]

    def interval(self, level: float) -> Interval:
        """Return the percentile interval; never narrower than the rule of three over n."""
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2])
        floor = 3 / self.n if self.discordant == 0 else 0.0
        return min(float(low), self.value - floor), max(float(high), self.value + floor)


def paired_difference(first: Samples, second: Samples, *, seed: int) -> Difference:
    """Compare two aggregates over the same samples in the same order by the paired bootstrap.

    Raises ValueError when the two do not hold the same sample ids.
    """
    if not np.array_equal(first.ids, second.ids):
        raise ValueError("the two measurements do not hold the same samples in the same order")
    change = second.scores - first.scores
    weights = sample_weights(first)
    draws = bootstrap_draws(change, weights, first, np.random.default_rng(seed))
    variance = covariance(first, first) + covariance(second, second) - 2 * covariance(first, second)
    gains, losses = int((change > 0).sum()), int((change < 0).sum())
    return Difference(
        value=float((weights * change).sum()),
        error=sqrt(max(0.0, variance)),
        n=change.size,
        discordant=gains + losses,
        p_value=mcnemar_p(gains, losses),
        draws=tuple(draws.tolist()),
    )


def mcnemar_p(gains: int, losses: int) -> float:
    """Return the exact two-sided p value that gains and losses are equally likely.

    >>> round(mcnemar_p(10, 25), 7)
    0.0166738
    """
    from scipy.special import bdtr

    n = gains + losses
    return 1.0 if n == 0 else min(1.0, 2 * float(bdtr(min(gains, losses), n, 0.5)))


def detectable_drop(error: float, alpha: float) -> float:
    """Return the drop below the limit that a one-sided test at ``alpha`` finds with 80% power.

    A statistic with standard error s is found wrong when it lies z(1 - alpha) s beyond the limit, and
    it lies that far with probability 0.8 when the truth lies (z(1 - alpha) + z(0.8)) s beyond.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha) + normal.inv_cdf(POWER)) * error
