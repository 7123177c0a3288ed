"""What is known of the value of per-sample scores: its intervals, and its covariance with others.

Each statistic has its own (``stats.statistic``); these functions ask the one that the samples name.
"""

from __future__ import annotations

import numpy as np

from robustcheck.stats.proportions import Interval, IntervalAt
from robustcheck.stats.sampling import Ints
from robustcheck.stats.statistics import influence, statistic_named
from robustcheck.values import Samples


def score_interval(samples: Samples, level: float = 0.95, *, seed: int = 0) -> Interval:
    """Return the interval of the value of per-sample scores at one level."""
    return score_intervals(samples, seed=seed)(level)


def score_intervals(samples: Samples, *, seed: int = 0) -> IntervalAt:
    """Return the function from a level to the interval of the value; what is dear is done once, here."""
    return statistic_named(samples.statistic).intervals(samples, seed)


def trials_of(samples: Samples) -> int:
    """Return the n of which the value is a proportion, or 0 when it is none."""
    return statistic_named(samples.statistic).trials(samples)


def covariance(first: Samples, second: Samples) -> float:
    """Return the sampling covariance of two values over the same samples, in the same order."""
    return statistic_named(first.statistic).covariance(first, second, statistic_named(second.statistic))


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


def unseen_variance(samples: Samples, value: float) -> float | None:
    """Bound the variance where all samples are alike; None where they do not say how sure the value is."""
    return statistic_named(samples.statistic).unseen_variance(samples, value)


def _joint_units(first: Samples, second: Samples) -> Ints:
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
