"""Compare two models on the same images, and say what a number of images can resolve.

Sources: Efron & Tibshirani 1993, paired bootstrap; McNemar 1947, exact form; DeLong et al. 1988; Bonett &
Price 2012, few units that differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np

from robustcheck.stats.calibration_error import calibration_error
from robustcheck.stats.differences import Estimated, difference_intervals
from robustcheck.stats.intervals import (
    ROUNDING,
    Interval,
    IntervalAt,
    covariance,
    is_binary,
    rule_of_three,
    z_value,
)
from robustcheck.stats.resampling import percentile_interval, resampled_difference, unit_sums, units_of
from robustcheck.stats.statistics import AUROC, ECE, Floats, influence, value_of
from robustcheck.values import Samples

POWER = 0.80
# So many units that differ speak for themselves; with fewer, what was not seen counts.
_SPEAKING = 100
_LINEAR = ("mean", "group_mean", "weighted_sum")


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """A paired difference (second minus first) with its interval at any level.

    ``error`` is its standard error; ``n`` counts the samples (their clusters, where they have some) and
    ``discordant`` those on which the two differ; ``test`` names where ``p_value`` comes from.
    """

    value: float
    error: float
    n: int
    discordant: int
    p_value: float
    test: Literal["exact McNemar", "normal"]
    interval: IntervalAt


def paired_difference(first: Samples, second: Samples, *, seed: int) -> Difference:
    """Compare two values over the same samples in the same order, drawing the same samples for both.

    Raises ValueError when the two do not hold the same sample ids in the same clusters, or are not of the
    same aggregate.
    """
    _require_pairs(first, second)
    if first.clusters is None:
        # An older run may not have kept them; what was sampled together is the same in both.
        first = replace(first, clusters=second.clusters)
    value = value_of(second) - value_of(first)
    # Var A + Var B - 2 Cov(A, B) is the sum over units of the squared difference of their influences.
    change = unit_sums(influence(second) - influence(first), first)
    discordant = _discordant(first, second)
    unseen = _unseen_step(first, change) if discordant < _SPEAKING and first.aggregate in _LINEAR else 0.0
    error = sqrt(float(change @ change) + 2 * unseen**2)
    is_counted = first.aggregate == "mean" and first.clusters is None
    is_mcnemar = is_counted and is_binary(first.scores) and is_binary(second.scores)
    return Difference(
        value=value,
        error=error if error > ROUNDING else rule_of_three(first) / z_value(0.95),
        n=units_of(first).size,
        discordant=discordant,
        p_value=_mcnemar(first, second) if is_mcnemar else normal_p(value, error),
        test="exact McNemar" if is_mcnemar else "normal",
        interval=_intervals(first, second, _Spread(value, error, unseen, seed)),
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


@dataclass(frozen=True, slots=True)
class _Spread:
    """A difference, its standard error, how far one unit that was not seen moves it, and the seed of the draws."""

    value: float
    error: float
    unseen: float
    seed: int


def _require_pairs(first: Samples, second: Samples) -> None:
    if not np.array_equal(first.ids, second.ids) or first.aggregate != second.aggregate:
        raise ValueError("the two measurements do not hold the same samples in the same order")
    if first.clusters is not None and second.clusters is not None:
        both = np.unique(np.column_stack([first.clusters, second.clusters]), axis=0).shape[0]
        if not np.unique(first.clusters).size == np.unique(second.clusters).size == both:
            raise ValueError("the two measurements do not hold the same clusters of samples")


def _unseen_step(first: Samples, change: Floats) -> float:
    """Return how far one more unit on which the two differ moves the difference: as far as the largest that did."""
    largest = float(np.abs(change).max())
    return largest if largest > ROUNDING else rule_of_three(first) / -log(0.025)


def _intervals(first: Samples, second: Samples, spread: _Spread) -> IntervalAt:
    if first.aggregate in AUROC:
        return _normal_intervals(first, second, spread)
    of_others = _debiased_intervals if first.aggregate in ECE else _bootstrap_intervals
    return of_others(first, second, spread)


def _normal_intervals(first: Samples, second: Samples, spread: _Spread) -> IntervalAt:
    def interval(level: float) -> Interval:
        unseen = rule_of_three(first, level) if spread.error <= ROUNDING else 0.0
        reach = max(z_value(level) * spread.error, unseen)
        return spread.value - reach, spread.value + reach

    return interval


def _debiased_intervals(first: Samples, second: Samples, spread: _Spread) -> IntervalAt:
    """Join the two intervals without bias: the bias of a difference is that of the less calibrated, the smaller one."""
    then, now = calibration_error(first), calibration_error(second)
    if then is None or now is None or spread.error <= ROUNDING:
        return _normal_intervals(first, second, spread)
    correlation = covariance(first, second) / sqrt(covariance(first, first) * covariance(second, second))
    parts = [Estimated(each.debiased, each.interval) for each in (now, then)]
    return difference_intervals(parts[0], parts[1], correlation)


def _bootstrap_intervals(first: Samples, second: Samples, spread: _Spread) -> IntervalAt:
    """Resample both alike; one more gain and one more loss, each Poisson, stand for what was not seen.

    Resampling few units that differ never draws what none of them shows. Bonett and Price (2012) add a gain
    and a loss to the counts for that reason, which is what the mean of these draws does.
    """
    rng = np.random.default_rng(spread.seed)
    draws = resampled_difference(first, second, rng)
    if spread.unseen:
        draws = draws + spread.unseen * (rng.poisson(1, draws.size) - rng.poisson(1, draws.size))
    ranked = np.sort(draws)
    units = units_of(first)

    def interval(level: float) -> Interval:
        low, high = percentile_interval(ranked, units, level)
        unseen = rule_of_three(first, level) if spread.error <= ROUNDING else 0.0
        return min(low, spread.value - unseen), max(high, spread.value + unseen)

    return interval


def _mcnemar(first: Samples, second: Samples) -> float:
    change = second.scores - first.scores
    return mcnemar_p(int((change > 0).sum()), int((change < 0).sum()))


def _discordant(first: Samples, second: Samples) -> int:
    differs = first.scores != second.scores
    if first.partner is not None and second.partner is not None:
        differs |= first.partner != second.partner
    return int((unit_sums(differs.astype(np.float64), first) > 0).sum())
