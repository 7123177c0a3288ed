"""Confidence intervals of one value, and the covariance that comparisons need.

Sources: Wilson 1927; Clopper & Pearson 1934; Efron & Tibshirani 1993, percentile and basic bootstrap;
DeLong et al. 1988 with the logit transform (Pepe 2003) for the AUROC.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt
from statistics import NormalDist

import numpy as np

from robustcheck.records import Samples
from robustcheck.stats.resampling import resampled, unit_sums, units_of
from robustcheck.stats.statistics import AUROC, ECE, FPR, IN_DISTRIBUTION, Floats, influence, partner_of, value_of

Interval = tuple[float, float]
IntervalAt = Callable[[float], Interval]

# Standard errors and spreads below this are rounding.
ROUNDING = 1e-12


def z_value(level: float) -> float:
    """Return the two-sided standard normal quantile of a level (0.95 gives 1.96)."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson_interval(successes: float, n: int, level: float = 0.95) -> Interval:
    """Return the Wilson score interval of a proportion (fractions).

    centre = (p + z^2/2n) / (1 + z^2/n), half = z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n).

    >>> [round(bound, 5) for bound in wilson_interval(50, 100)]
    [0.40383, 0.59617]
    """
    _require_positive(n)
    z, p = z_value(level), successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5 / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the exact (conservative) interval of a proportion.

    >>> [round(bound, 5) for bound in clopper_pearson_interval(50, 100)]
    [0.39832, 0.60168]
    """
    from scipy.special import betaincinv

    _require_positive(n)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def proportion_interval(value: float, n: int, level: float = 0.95) -> Interval:
    """Return Wilson's interval, or the exact one where Wilson is poor (n < 100, or 0 or n successes)."""
    successes = round(value * n)
    if n < 100 or successes in (0, n):
        return clopper_pearson_interval(successes, n, level)
    return wilson_interval(value * n, n, level)


def score_interval(samples: Samples, level: float = 0.95, *, seed: int = 0) -> Interval:
    """Return the interval of the value of per-sample scores at one level."""
    return score_intervals(samples, seed=seed)(level)


def score_intervals(samples: Samples, *, seed: int = 0) -> IntervalAt:
    """Return the function from a level to the interval of the value; the bootstrap is done once, here.

    A share of independent samples is a proportion; AUROC has DeLong's variance; everything else is
    bootstrapped: percentiles, but for ECE, whose upward bias they would add a second time, the basic
    interval 2 value - percentile. Where all replicates are alike, the rule of three widens them.
    """
    value = value_of(samples)
    trials = _trials(samples)
    if trials:
        return lambda level: proportion_interval(value, trials, level)
    if samples.aggregate in AUROC:
        error = sqrt(covariance(samples, samples))
        n = independent_samples(samples)
        return lambda level: auroc_interval(value, error, n, level)
    draws = resampled(samples, np.random.default_rng(seed))
    draws = 2 * value - draws if samples.aggregate in ECE else draws
    least = rule_of_three(samples) if np.ptp(draws) <= ROUNDING * max(1.0, abs(value)) else 0.0
    floor, ceiling = (0.0, 1.0) if _is_fraction(samples) else (-np.inf, np.inf)

    def interval(level: float) -> Interval:
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        return float(np.clip(low - least, floor, ceiling)), float(np.clip(high + least, floor, ceiling))

    return interval


def auroc_interval(value: float, error: float, n: int, level: float = 0.95) -> Interval:
    """Return the interval of an AUROC from its standard error, symmetric on the logit scale.

    logit(a) +- z s / (a (1 - a)), which stays inside [0, 1]. Where nothing overlaps there is no variance to
    see, and the exact interval of a proportion of ``n``, the samples of the smaller side, stands in.

    >>> [round(bound, 4) for bound in auroc_interval(0.825, 0.15, 4)]
    [0.3809, 0.9731]
    """
    if error <= ROUNDING:
        return clopper_pearson_interval(round(value * n), n, level)
    centre, half = np.log(value / (1 - value)), z_value(level) * error / (value * (1 - value))
    return 1 / (1 + exp(half - centre)), 1 / (1 + exp(-half - centre))


def covariance(first: Samples, second: Samples) -> float:
    """Return the sampling covariance of two values over the same samples, in the same order."""
    return float(np.dot(unit_sums(influence(first), first), unit_sums(influence(second), first)))


def rule_of_three(samples: Samples) -> float:
    """Return how far the value may lie from the truth when nothing varied: 3/n of what one score can move it."""
    scale = float(np.abs(partner_of(samples)).sum()) if samples.aggregate == "weighted_sum" else 1.0
    return 3 / independent_samples(samples) * scale


def independent_samples(samples: Samples) -> int:
    """Count the independent samples that the value rests on: those of the smaller side in a detection."""
    if samples.aggregate in (*AUROC, *FPR):
        inside = int((samples.groups == IN_DISTRIBUTION).sum())
        return min(inside, samples.scores.size - inside)
    return units_of(samples).size


def is_binary(scores: Floats) -> bool:
    """Tell whether every score is 0 or 1."""
    return bool(np.isin(scores, (0.0, 1.0)).all())


def _trials(samples: Samples) -> int:
    """Return the n of which the value is a proportion, or 0 when it is none."""
    if samples.clusters is not None or samples.aggregate not in ("mean", "ratio") or not is_binary(samples.scores):
        return 0
    if samples.aggregate == "mean":
        return samples.scores.size
    # A ratio is one where the denominator counts samples and holds those of the numerator (shape decisions).
    partner = partner_of(samples)
    return int(partner.sum()) if is_binary(partner) and (samples.scores <= partner).all() else 0


def _is_fraction(samples: Samples) -> bool:
    if samples.aggregate in ("ratio", "weighted_sum"):
        return False
    within = (samples.scores >= 0) & (samples.scores <= 1)
    return samples.aggregate in FPR or bool(within.all())


def _require_positive(n: int) -> None:
    if n <= 0:
        raise ValueError(f"an interval needs at least one sample, got n = {n}")
