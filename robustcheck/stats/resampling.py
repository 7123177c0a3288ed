"""Bootstrap replicates of a statistic, and of the difference of two over the same samples.

What is drawn with replacement is the cluster where samples have one, else the sample; and within strata
where the design fixed their sizes. Source: Efron & Tibshirani 1993; Davison & Hinkley 1997; Hesterberg 2015
(expanded percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from robustcheck.stats.statistics import (
    FPR,
    IN_DISTRIBUTION,
    Floats,
    Ints,
    Sides,
    group_ratios,
    influence,
    partner_of,
    sides_of,
    value_of,
)
from robustcheck.values import Samples

DRAWS = 10_000
COSTLY_DRAWS = 2_000
# A quantile with fewer replicates beyond it is noise.
_RESOLVED = 25
_COUNTED = ("ratio", "group_min", *FPR)
_BLOCK = 2_000_000
_BUDGET = 100_000_000

# Counts (b, n), how often each sample is in each of b replicates -> the statistic's b values.
Counted = Callable[[Ints], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is resampled: the unit of each sample (n,), and for each stratum the units it holds."""

    index: Ints
    strata: tuple[Ints, ...]

    @property
    def size(self) -> int:
        """Count the units."""
        return sum(stratum.size for stratum in self.strata)

    @property
    def freedom(self) -> int:
        """Count the units less one mean a stratum, at least 1."""
        return max(1, self.size - len(self.strata))


def resampled(samples: Samples, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Return bootstrap replicates of the value; shape (at most draws,), fewer where each is dear.

    Statistics that are linear, or nearly so over many samples (AUROC, means of clusters of unequal
    size), are replicated through their influences; the others from the resampled data.
    """
    if samples.aggregate in FPR and samples.clusters is None:
        return _resampled_fpr(sides_of(samples), rng, draws)
    if samples.aggregate == "ratio" and samples.clusters is None:
        return _resampled_ratio(samples, rng, draws)
    if samples.aggregate in _COUNTED:
        statistic = _counted(samples)
        blocks = [statistic(counts) for counts in _count_blocks(units_of(samples), rng, min(draws, COSTLY_DRAWS))]
        return np.concatenate(blocks)
    return value_of(samples) + _resampled_sums(influence(samples), units_of(samples), rng, draws)


def resampled_difference(first: Samples, second: Samples, rng: np.random.Generator, draws: int = DRAWS) -> Floats:
    """Return bootstrap replicates of second minus first, both of the same resample; shape (at most draws,)."""
    units = units_of(first)
    if first.aggregate in _COUNTED:
        before, after = _counted(first), _counted(second)
        blocks = [after(counts) - before(counts) for counts in _count_blocks(units, rng, min(draws, COSTLY_DRAWS))]
        return np.concatenate(blocks)
    change = influence(second) - influence(first)
    return value_of(second) - value_of(first) + _resampled_sums(change, units, rng, draws)


def percentile_interval(ranked: Floats, units: Units, level: float) -> tuple[float, float]:
    """Return the expanded percentile interval of replicates in ascending order.

    Resampling n units shows (n - 1) / n of their variance, and knows the variance no better than the data:
    where percentiles reach z standard errors, sqrt(n / f) t(f) is right, with f degrees of freedom. Further
    out than the replicates resolve, the tail is stretched as that of a normal distribution.
    """
    from scipy.special import stdtrit

    normal = NormalDist()
    reach = sqrt(units.size / units.freedom) * float(stdtrit(units.freedom, 0.5 + level / 2))
    tail = max(normal.cdf(-reach), _RESOLVED / ranked.size)
    centre, low, high = (_ranked_at(ranked, share) for share in (0.5, tail, 1 - tail))
    stretch = 1.0 if tail > _RESOLVED / ranked.size else reach / -normal.inv_cdf(tail)
    return centre + stretch * (low - centre), centre + stretch * (high - centre)


def units_of(samples: Samples) -> Units:
    """Return the units of resampling and their strata.

    A cluster that lies across strata (one image in every corruption) joins them into one: it is drawn
    whole, and the sizes of the strata stay as they are when every cluster has a sample in each.
    """
    if samples.clusters is None and not _row_strata(samples).any():
        rows = np.arange(samples.scores.size)
        return Units(rows, (rows,))
    strata = np.unique(_row_strata(samples), return_inverse=True)[1]
    if samples.clusters is None:
        return Units(np.arange(strata.size), _split(strata))
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index = unit_index(samples)
    units = int(index.max()) + 1
    nodes = units + int(strata.max()) + 1
    graph = coo_array((np.ones(index.size), (index, units + strata)), shape=(nodes, nodes))
    return Units(index, _split(connected_components(graph, directed=False)[1][:units]))


def unit_sums(values: Floats, samples: Samples) -> Floats:
    """Return the sums of per-sample values within the clusters of the samples (as they are without clusters)."""
    if samples.clusters is None:
        return values
    return np.asarray(np.bincount(unit_index(samples), weights=values), dtype=np.float64)


def unit_index(samples: Samples) -> Ints:
    """Return which unit each sample is of: its cluster, or itself."""
    if samples.clusters is None:
        return np.arange(samples.scores.size)
    return np.unique(samples.clusters, return_inverse=True)[1]


def _ranked_at(ranked: Floats, share: float) -> float:
    place = share * (ranked.size - 1)
    below = int(place)
    above = min(below + 1, ranked.size - 1)
    return float(ranked[below] + (place - below) * (ranked[above] - ranked[below]))


def _row_strata(samples: Samples) -> Ints:
    if samples.aggregate in ("auroc", "fpr95"):
        return np.asarray(samples.groups == IN_DISTRIBUTION, dtype=np.int64)
    fixed = samples.aggregate.startswith("group_") or samples.aggregate == "weighted_sum"
    return samples.groups if fixed else np.zeros(samples.groups.shape, dtype=np.int64)


def _split(strata: Ints) -> tuple[Ints, ...]:
    order = np.argsort(strata, kind="stable")
    return tuple(np.split(order, np.flatnonzero(np.diff(strata[order])) + 1))


# --- linear statistics: resampled sums ------------------------------------------------------------


def _resampled_sums(values: Floats, units: Units, rng: np.random.Generator, draws: int) -> Floats:
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
    for size in _block_sizes(draws, width):
        if few:
            blocks.append(rng.multinomial(n, counts / n, size=size) @ pool)
        else:
            blocks.append(members[rng.integers(n, size=(size, n))].sum(axis=1))
    return np.concatenate(blocks)


# --- the others: statistics of counts -------------------------------------------------------------


def _count_blocks(units: Units, rng: np.random.Generator, draws: int) -> Iterator[Ints]:
    """Yield how often each sample is in each replicate, in blocks (b, n)."""
    for size in _block_sizes(draws, units.index.size):
        counts = np.empty((size, units.size), dtype=np.int64)
        for stratum in units.strata:
            drawn = rng.integers(stratum.size, size=(size, stratum.size))
            drawn += stratum.size * np.arange(size)[:, None]
            counts[:, stratum] = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        yield counts[:, units.index]


def _counted(samples: Samples) -> Counted:
    return _counted_fpr(sides_of(samples)) if samples.aggregate in FPR else _counted_ratios(samples)


def _counted_ratios(samples: Samples) -> Counted:
    ratios = group_ratios(samples)
    add = _group_adder(ratios.index)

    def statistic(counts: Ints) -> Floats:
        totals = add(counts * ratios.denominator)
        # A group that no unit of the replicate belongs to keeps its value.
        values = np.broadcast_to(ratios.values, totals.shape).copy()
        np.divide(add(counts * ratios.numerator), totals, out=values, where=totals != 0)
        return np.asarray(values.min(axis=1) if samples.aggregate == "group_min" else values @ ratios.weights)

    return statistic


def _counted_fpr(sides: Sides) -> Counted:
    id_order, ood_order = np.argsort(-sides.id_scores), np.argsort(-sides.ood_scores)
    # How many OOD samples are at or above each ID score, both in descending order.
    accepted = np.searchsorted(-sides.ood_scores[ood_order], -sides.id_scores[id_order], side="right")

    def statistic(counts: Ints) -> Floats:
        found = np.cumsum(counts[:, sides.id_rows[id_order]], axis=1)
        place = (found >= -(-95 * found[:, -1:] // 100)).argmax(axis=1)
        mass = np.cumsum(counts[:, sides.ood_rows[ood_order]] * sides.weights[ood_order], axis=1)
        taken = np.take_along_axis(mass, np.maximum(accepted[place] - 1, 0)[:, None], axis=1)[:, 0]
        return np.asarray(np.where(accepted[place] > 0, taken, 0.0) / mass[:, -1])

    return statistic


def _resampled_fpr(sides: Sides, rng: np.random.Generator, draws: int) -> Floats:
    """Draw the threshold and what it accepts from their exact bootstrap distributions.

    The k-th largest of m resampled scores is the score at place floor(m U), U the k-th smallest of m
    uniform numbers: Beta(k, m + 1 - k). Given it, the accepted of each class are binomial.
    """
    m = sides.id_scores.size
    kept = -(-95 * m // 100)
    place = np.minimum((m * rng.beta(kept, m + 1 - kept, size=draws)).astype(np.int64), m - 1)
    thresholds = np.sort(sides.id_scores)[::-1][place]
    classes = np.zeros(sides.ood_scores.size, dtype=np.int64) if sides.classes is None else sides.classes
    strata = _split(np.unique(classes, return_inverse=True)[1])
    rates = np.zeros(draws)
    for stratum in strata:
        ranked, n = np.sort(sides.ood_scores[stratum]), stratum.size
        share = 1 - np.searchsorted(ranked, thresholds, side="left") / n
        rates += rng.binomial(n, share) / n
    return rates / len(strata)


def _resampled_ratio(samples: Samples, rng: np.random.Generator, draws: int) -> Floats:
    """Draw how often each distinct (score, partner) is in a replicate: few kinds make up many samples."""
    kinds, counts = np.unique(np.column_stack([samples.scores, partner_of(samples)]), axis=0, return_counts=True)
    n, blocks = int(counts.sum()), []
    for size in _block_sizes(draws, len(kinds)):
        numerator, denominator = (rng.multinomial(n, counts / n, size=size) @ kinds).T
        # A replicate without a denominator says nothing; it keeps the value.
        ratio = np.full(size, value_of(samples))
        blocks.append(np.divide(numerator, denominator, out=ratio, where=denominator != 0))
    return np.concatenate(blocks)


def _group_adder(index: Ints) -> Callable[[Floats], Floats]:
    """Return the function that adds up the columns of each group: (b, n) -> (b, groups present)."""
    order = np.argsort(index, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(index[order])) + 1])
    return lambda columns: np.asarray(np.add.reduceat(columns[:, order], starts, axis=1))


def _block_sizes(draws: int, width: int) -> Iterator[int]:
    step = max(1, _BLOCK // width)
    for start in range(0, draws, step):
        yield min(step, draws - start)
