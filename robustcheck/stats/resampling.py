"""Bootstrap replicates, and the intervals of their quantiles.

What is drawn with replacement is the cluster where samples have one, else the sample; and within strata
where the design fixed their sizes. Source: Efron & Tibshirani 1993; Davison & Hinkley 1997; Hesterberg 2015
(expanded percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np

from robustcheck.stats.sampling import Expansion, Floats, Ints, Kinds, Units

DRAWS = 10_000
COSTLY_DRAWS = 2_000
# A quantile with fewer replicates beyond it is noise.
_RESOLVED = 25
_BLOCK = 2_000_000
_BUDGET = 100_000_000

# Counts (b, n), how often each sample is in each of b replicates -> the statistic's b values.
Counted = Callable[[Ints], Floats]


def expanded_reach(expansion: Expansion, level: float) -> float:
    """Return how many standard errors of the replicates an interval reaches.

    Replicates show a smaller variance than the value has, and know it no better than the data: where percentiles
    reach z standard errors, factor t(f) is right, with f degrees of freedom.
    """
    from scipy.special import stdtrit

    return expansion.factor * float(stdtrit(expansion.freedom, 0.5 + level / 2))


def percentile_interval(ranked: Floats, expansion: Expansion, level: float) -> tuple[float, float]:
    """Return the expanded percentile interval of replicates in ascending order.

    Further out than the replicates resolve, the tail is stretched as that of a normal distribution.
    """
    normal, reach = NormalDist(), expanded_reach(expansion, level)
    tail = max(normal.cdf(-reach), _RESOLVED / ranked.size)
    centre, low, high = (_ranked_at(ranked, share) for share in (0.5, tail, 1 - tail))
    stretch = 1.0 if tail > _RESOLVED / ranked.size else reach / -normal.inv_cdf(tail)
    return centre + stretch * (low - centre), centre + stretch * (high - centre)


def _ranked_at(ranked: Floats, share: float) -> float:
    place = share * (ranked.size - 1)
    below = int(place)
    above = min(below + 1, ranked.size - 1)
    return float(ranked[below] + (place - below) * (ranked[above] - ranked[below]))


# --- linear statistics: resampled sums ------------------------------------------------------------


def resampled_sums(values: Floats, units: Units, rng: np.random.Generator, draws: int) -> Floats:
    """Return the sums of the values of resampled units, added up over the strata; shape (at most draws,)."""
    totals = np.asarray(np.bincount(units.index, weights=values), dtype=np.float64)
    pools = [np.unique(totals[stratum], return_counts=True) for stratum in units.strata]
    distinct = sum(pool.size for pool, _ in pools)
    affordable = min(draws, max(COSTLY_DRAWS, _BUDGET // distinct))
    sums = np.zeros(affordable)
    for pool, counts in pools:
        sums += _pool_sums(pool, counts, rng, affordable)
    return sums


def _pool_sums(pool: Floats, counts: Ints, rng: np.random.Generator, draws: int) -> Floats:
    """Resampling n items is a multinomial count over their distinct values: exact, and no (draws, n) matrix."""
    n = int(counts.sum())
    few = pool.size <= max(16, n // 8)
    width = pool.size if few else n
    members = pool if few else np.repeat(pool, counts)
    blocks = []
    for size in block_sizes(draws, width):
        if few:
            blocks.append(rng.multinomial(n, counts / n, size=size) @ pool)
        else:
            blocks.append(members[rng.integers(n, size=(size, n))].sum(axis=1))
    return np.concatenate(blocks)


# --- the others: statistics of counts -------------------------------------------------------------


def count_blocks(units: Units, rng: np.random.Generator, draws: int) -> Iterator[Ints]:
    """Yield how often each sample is in each replicate, in blocks (b, n) of at most 2,000 replicates in all."""
    for size in block_sizes(min(draws, COSTLY_DRAWS), units.index.size):
        counts = np.empty((size, units.size), dtype=np.int64)
        for stratum in units.strata:
            drawn = rng.integers(stratum.size, size=(size, stratum.size))
            drawn += stratum.size * np.arange(size)[:, None]
            counts[:, stratum] = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        yield counts[:, units.index]


def kind_blocks(kinds: Kinds, rng: np.random.Generator, draws: int) -> Iterator[Ints]:
    """Yield how often each kind of sample is in each replicate, in blocks (b, kinds)."""
    for size in block_sizes(draws, kinds.counts.size):
        counts = np.empty((size, kinds.counts.size), dtype=np.int64)
        for stratum in kinds.strata:
            n = int(kinds.counts[stratum].sum())
            counts[:, stratum] = rng.multinomial(n, kinds.counts[stratum] / n, size=size)
        yield counts


def block_sizes(draws: int, width: int) -> Iterator[int]:
    """Yield how many replicates of so many numbers each fit in memory at a time, until all are drawn."""
    step = max(1, _BLOCK // width)
    for start in range(0, draws, step):
        yield min(step, draws - start)
