"""Compare two models on the same images, and say what a number of images can resolve.

Sources: Efron & Tibshirani 1993, paired bootstrap; McNemar 1947, exact form; DeLong et al. 1988.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np

from robustcheck.records import Samples
from robustcheck.stats.intervals import ROUNDING, Interval, covariance, is_binary, rule_of_three, z_value
from robustcheck.stats.resampling import resampled_difference, unit_sums, units_of
from robustcheck.stats.statistics import AUROC, ECE, value_of

POWER = 0.80


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference (second minus first) with its bootstrap replicates' quantile function.

    ``error`` is its standard error; ``n`` counts the samples (their clusters, where they have some) and
    ``discordant`` those on which the two differ; ``test`` names where ``p_value`` comes from. Without
    ``draws`` the interval is the normal one (DeLong's, of two AUROCs). ``least`` is the half-width below
    which it does not go: the rule of three where the data show no variance, else 0.
    """

    value: float
    error: float
    n: int
    discordant: int
    p_value: float
    draws: tuple[float, ...]
    test: Literal["exact McNemar", "normal"]
    least: float

    def interval(self, level: float) -> Interval:
        """Return the interval, holding at least ``least`` on either side of the value."""
        reach = z_value(level) * self.error
        low, high = self.value - reach, self.value + reach
        if self.draws:
            low, high = (float(bound) for bound in np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2]))
        return min(low, self.value - self.least), max(high, self.value + self.least)


def paired_difference(first: Samples, second: Samples, *, seed: int) -> Difference:
    """Compare two values over the same samples in the same order, drawing the same samples for both.

    Raises ValueError when the two do not hold the same sample ids, or are not of the same aggregate.
    """
    if not np.array_equal(first.ids, second.ids) or first.aggregate != second.aggregate:
        raise ValueError("the two measurements do not hold the same samples in the same order")
    value = value_of(second) - value_of(first)
    variance = covariance(first, first) + covariance(second, second) - 2 * covariance(first, second)
    error = sqrt(max(0.0, variance))
    is_counted = first.aggregate == "mean" and first.clusters is None
    is_mcnemar = is_counted and is_binary(first.scores) and is_binary(second.scores)
    return Difference(
        value=value,
        error=error,
        n=units_of(first).size,
        discordant=_discordant(first, second),
        p_value=_mcnemar(first, second) if is_mcnemar else normal_p(value, error),
        draws=() if first.aggregate in AUROC else _draws(first, second, value, seed),
        test="exact McNemar" if is_mcnemar else "normal",
        least=rule_of_three(first) if error <= ROUNDING else 0.0,
    )


def mcnemar_p(gains: int, losses: int) -> float:
    """Return the exact two-sided p value that gains and losses are equally likely.

    >>> round(mcnemar_p(10, 25), 7)
    0.0166738
    """
    from scipy.special import bdtr

    n = gains + losses
    return 1.0 if n == 0 else min(1.0, 2 * float(bdtr(min(gains, losses), n, 0.5)))


def normal_p(value: float, error: float) -> float:
    """Return the two-sided p value that a normal statistic of this standard error has mean 0.

    >>> round(normal_p(1.96, 1.0), 3)
    0.05
    """
    if error <= ROUNDING:
        return 1.0 if abs(value) <= ROUNDING else 0.0
    return 2 * NormalDist().cdf(-abs(value) / error)


def detectable_drop(error: float, alpha: float) -> float:
    """Return the drop below the limit that a one-sided test at ``alpha`` finds with 80% power.

    A statistic with standard error s is found wrong when it lies z(1 - alpha) s beyond the limit, and
    it lies that far with probability 0.8 when the truth lies (z(1 - alpha) + z(0.8)) s beyond.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha) + normal.inv_cdf(POWER)) * error


def _draws(first: Samples, second: Samples, value: float, seed: int) -> tuple[float, ...]:
    draws = resampled_difference(first, second, np.random.default_rng(seed))
    # Replicates add ECE's upward bias once more: reflected at the value, their quantiles take it off (basic interval).
    return tuple((2 * value - draws if first.aggregate in ECE else draws).tolist())


def _mcnemar(first: Samples, second: Samples) -> float:
    change = second.scores - first.scores
    return mcnemar_p(int((change > 0).sum()), int((change < 0).sum()))


def _discordant(first: Samples, second: Samples) -> int:
    differs = first.scores != second.scores
    if first.partner is not None and second.partner is not None:
        differs |= first.partner != second.partner
    return int((unit_sums(differs.astype(np.float64), first) > 0).sum())
