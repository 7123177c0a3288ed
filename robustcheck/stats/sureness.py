"""How sure a value is, worked out once from its samples: what every later judgement reads in their place."""

from __future__ import annotations

from math import sqrt
from zlib import crc32

from robustcheck.stats.ends import intervals_between, tabulate_ends
from robustcheck.stats.intervals import covariance, score_intervals, trials_of, unseen_variance
from robustcheck.stats.proportions import ROUNDING, IntervalAt, proportion_interval
from robustcheck.stats.statistics import value_of
from robustcheck.values import Samples, Sureness


def find_sureness(samples: Samples, *, seed: int) -> Sureness:
    """Return how sure the value of per-sample scores is; whatever grows with their number is done here, once."""
    trials, variance = trials_of(samples), covariance(samples, samples)
    # Samples that are all alike show no variance, which is not the same as having none.
    known = variance if variance > ROUNDING**2 else unseen_variance(samples, value_of(samples))
    ends = None if trials else tabulate_ends(score_intervals(samples, seed=seed))
    return Sureness(trials, None if known is None else sqrt(known), ends)


def value_intervals(value: float, sureness: Sureness) -> IntervalAt:
    """Return the intervals of a value: of a share by its trials, of anything else by the ends that were kept."""
    if sureness.ends is not None:
        return intervals_between(sureness.ends)
    return lambda level: proportion_interval(value, sureness.trials, level)


def seed_of(*keys: str) -> int:
    """Return the seed of what is drawn for a score, or for a pair of them: from their keys alone.

    >>> seed_of("a") == seed_of("a"), seed_of("a") == seed_of("b")
    (True, False)
    """
    return crc32("|".join(keys).encode())
