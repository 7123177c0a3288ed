"""Confidence intervals of one value, and the covariance that comparisons need.

Sources: Wilson (1927); Clopper & Pearson (1934); Efron & Tibshirani (1993), percentile bootstrap.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robustcheck.records import Samples

Interval = tuple[float, float]

DRAWS = 10_000
_BLOCK = 2_000_000


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
    """Return the interval of an aggregate of per-sample scores in [0, 1].

    A mean of 0/1 scores is a proportion; any other aggregate gets the percentile bootstrap over
    samples (within groups when it is a mean over groups, whose sizes are fixed by design).
    """
    if samples.aggregate == "mean" and _is_binary(samples.scores):
        return proportion_interval(float(samples.scores.mean()), samples.scores.size, level)
    draws = bootstrap_draws(samples.scores, sample_weights(samples), samples, np.random.default_rng(seed))
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def sample_weights(samples: Samples) -> npt.NDArray[np.float64]:
    """Return each sample's weight in the aggregate; shape (n,), summing to 1."""
    n = samples.scores.size
    _require_positive(n)
    if samples.aggregate == "mean":
        return np.full(n, 1 / n)
    _, inverse, counts = np.unique(samples.groups, return_inverse=True, return_counts=True)
    return 1 / (counts[inverse] * counts.size)


def bootstrap_draws(
    scores: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    samples: Samples,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> npt.NDArray[np.float64]:
    """Return bootstrap replicates of the weighted sum of scores; shape (draws,).

    Resampling n items with replacement is a multinomial count vector over the *distinct* scores,
    which is exact and needs no (draws x n) index matrix.
    """
    strata = samples.groups if samples.aggregate == "group_mean" else np.zeros(scores.size, np.int64)
    total = np.zeros(draws)
    for stratum in np.unique(strata):
        inside = strata == stratum
        values, counts = np.unique(scores[inside] * weights[inside], return_counts=True)
        total += _multinomial_sums(values, counts, rng, draws)
    return total


def covariance(first: Samples, second: Samples) -> float:
    """Return the sampling covariance of two aggregates over the same samples, in the same order."""
    weights = sample_weights(first)
    left, right = _centred(first.scores, first), _centred(second.scores, second)
    return float(np.sum(weights * weights * left * right))


def _centred(scores: npt.NDArray[np.float64], samples: Samples) -> npt.NDArray[np.float64]:
    if samples.aggregate == "mean":
        return np.asarray(scores - scores.mean())
    _, inverse, counts = np.unique(samples.groups, return_inverse=True, return_counts=True)
    means = np.bincount(inverse, weights=scores) / counts
    return np.asarray(scores - means[inverse])


def _multinomial_sums(
    values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], rng: np.random.Generator, draws: int
) -> npt.NDArray[np.float64]:
    n = int(counts.sum())
    step = max(1, _BLOCK // values.size)
    blocks = [rng.multinomial(n, counts / n, size=min(step, draws - start)) @ values for start in range(0, draws, step)]
    return np.concatenate(blocks)


def _is_binary(scores: npt.NDArray[np.float64]) -> bool:
    return bool(np.isin(scores, (0.0, 1.0)).all())


def _require_positive(n: int) -> None:
    if n <= 0:
        raise ValueError(f"an interval needs at least one sample, got n = {n}")
