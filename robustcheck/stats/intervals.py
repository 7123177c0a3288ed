"""Confidence intervals of one value, and the covariance that comparisons need.

Sources: Wilson 1927; Clopper & Pearson 1934; Hesterberg 2015, expanded percentiles of the bootstrap;
DeLong et al. 1988 with the logit transform (Pepe 2003) for the AUROC.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.calibration_error import calibration_error
from robustcheck.stats.resampling import percentile_interval, resampled, unit_sums, units_of
from robustcheck.stats.statistics import AUROC, ECE, FPR, IN_DISTRIBUTION, Floats, influence, partner_of, value_of
from robustcheck.values import Samples

Interval = tuple[float, float]
IntervalAt = Callable[[float], Interval]

# Standard errors and spreads below this are rounding.
ROUNDING = 1e-12
# Of 150 at 99%, Wilson's interval holds the truth in 93.5% of cases; with the exact one below 5, in 98%.
FEW = 5


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
    """Return Wilson's interval, or the exact one where Wilson is poor: n < 100, or fewer than 5 on a side."""
    successes = round(value * n)
    if n < 100 or min(successes, n - successes) < FEW:
        return clopper_pearson_interval(successes, n, level)
    return wilson_interval(value * n, n, level)


def score_interval(samples: Samples, level: float = 0.95, *, seed: int = 0) -> Interval:
    """Return the interval of the value of per-sample scores at one level."""
    return score_intervals(samples, seed=seed)(level)


def score_intervals(samples: Samples, *, seed: int = 0) -> IntervalAt:
    """Return the function from a level to the interval of the value; the bootstrap is done once, here.

    A share of independent samples is a proportion; AUROC has DeLong's variance; ECE has its upward bias
    taken off (``calibration_error``); everything else is bootstrapped, with expanded percentiles. Where all
    replicates are alike, the rule of three widens them. The smallest of several means has the interval that
    ``_worst_intervals`` derives.
    """
    value = value_of(samples)
    trials = trials_of(samples)
    if trials:
        return lambda level: proportion_interval(value, trials, level)
    if samples.aggregate == "group_min":
        return _worst_intervals(samples, seed)
    if samples.aggregate in AUROC:
        error = sqrt(covariance(samples, samples))
        n = independent_samples(samples)
        return lambda level: auroc_interval(value, error, n, level)
    if samples.aggregate in ECE:
        return _calibration_intervals(samples, value)
    return _bootstrap_intervals(samples, value, seed)


def _calibration_intervals(samples: Samples, value: float) -> IntervalAt:
    known = calibration_error(samples)
    if known is not None:
        return known.interval

    def interval(level: float) -> Interval:
        unseen = rule_of_three(samples, level)
        return max(0.0, value - unseen), min(1.0, value + unseen)

    return interval


def _bootstrap_intervals(samples: Samples, value: float, seed: int) -> IntervalAt:
    ranked = np.sort(resampled(samples, np.random.default_rng(seed)))
    is_alike = np.ptp(ranked) <= ROUNDING * max(1.0, abs(value))
    floor, ceiling = (0.0, 1.0) if _is_fraction(samples) else (-np.inf, np.inf)
    units = units_of(samples)

    def interval(level: float) -> Interval:
        low, high = percentile_interval(ranked, units, level)
        unseen = rule_of_three(samples, level) if is_alike else 0.0
        return float(np.clip(low - unseen, floor, ceiling)), float(np.clip(high + unseen, floor, ceiling))

    return interval


def _worst_intervals(samples: Samples, seed: int) -> IntervalAt:
    """Return intervals of the smallest group mean, from those of all the groups.

    The smallest of noisy means lies below the smallest mean, and a bootstrap adds that bias once more. But
    the smallest mean is at least L where every group's is (no correction: intersection-union), and it is
    at most U where any group's is (Bonferroni over the groups).
    """
    groups = np.unique(samples.groups)
    inside = [samples.groups == group for group in groups]
    parts = [Samples(samples.ids[rows], samples.scores[rows], samples.groups[rows]) for rows in inside]
    at = [score_intervals(part, seed=seed) for part in parts]

    def interval(level: float) -> Interval:
        strict = 1 - (1 - level) / len(at)
        return min(each(level)[0] for each in at), min(each(strict)[1] for each in at)

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
    logit = axis_by_name("logit")
    centre, half = logit.forward(value), z_value(level) * error * logit.slope(value)
    return logit.inverse(centre - half), logit.inverse(centre + half)


def covariance(first: Samples, second: Samples) -> float:
    """Return the sampling covariance of two values over the same samples, in the same order."""
    one = unit_sums(influence(first), first)
    return float(np.dot(one, one if first is second else unit_sums(influence(second), first)))


def shared_covariance(first: Samples, second: Samples) -> float:
    """Return the sampling covariance of two values of which some samples are the same, such as a part and the whole.

    A sample that one of them does not hold has no influence on it. What was sampled together counts together:
    rows are joined by their ids and by the clusters of either side.
    """
    if np.array_equal(first.ids, second.ids) and first.clusters is None and second.clusters is None:
        return covariance(first, second)
    units = _joint_units(first, second)
    n = int(units.max()) + 1
    sums = [
        np.bincount(place, weights=influence(samples), minlength=n)
        for place, samples in zip(np.split(units, [first.ids.size]), (first, second), strict=True)
    ]
    return float(np.dot(*sums))


def _joint_units(first: Samples, second: Samples) -> npt.NDArray[np.int64]:
    """Return the unit of each row of both, first and then second: rows linked by an id or a cluster are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.unique(np.concatenate([first.ids, second.ids]), return_inverse=True)[1]
    nodes = int(rows.max()) + 1
    links, begin = [], 0
    for samples in (first, second):
        mine = rows[begin : (begin := begin + samples.ids.size)]
        clusters = mine if samples.clusters is None else np.unique(samples.clusters, return_inverse=True)[1] + nodes
        nodes = max(nodes, int(clusters.max()) + 1)
        links.append((mine, clusters))
    start, end = (np.concatenate(ends) for ends in zip(*links, strict=True))
    graph = coo_array((np.ones(start.size), (start, end)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1][rows], dtype=np.int64)


def rule_of_three(samples: Samples, level: float = 0.95) -> float:
    """Return how far the value may lie from the truth when nothing varied.

    What happened in none of n samples happens in at most -ln(tail) / n of all, of what one score can move the
    value: 3/n at a tail of 5%, 3.7/n at the 2.5% of a 95% interval.
    """
    scale = float(np.abs(partner_of(samples)).sum()) if samples.aggregate == "weighted_sum" else 1.0
    return -log((1 - level) / 2) / independent_samples(samples) * scale


def independent_samples(samples: Samples) -> int:
    """Count the independent samples that the value rests on: those of the smaller side in a detection."""
    if samples.aggregate in (*AUROC, *FPR):
        inside = int((samples.groups == IN_DISTRIBUTION).sum())
        return min(inside, samples.scores.size - inside)
    return units_of(samples).size


def is_binary(scores: Floats) -> bool:
    """Tell whether every score is 0 or 1."""
    return bool(np.isin(scores, (0.0, 1.0)).all())


def trials_of(samples: Samples) -> int:
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
