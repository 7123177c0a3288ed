"""What is sampled together: the clusters of the samples, or the samples themselves, within strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.values import Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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


def units_within(strata: Ints, samples: Samples) -> Units:
    """Return the units of resampling, given the stratum (n,) of each sample.

    A cluster that lies across strata (one image in every corruption) joins them into one: it is drawn
    whole, and the sizes of the strata stay as they are when every cluster has a sample in each.
    """
    if samples.clusters is None and not strata.any():
        rows = np.arange(samples.scores.size)
        return Units(rows, (rows,))
    strata = np.unique(strata, return_inverse=True)[1]
    if samples.clusters is None:
        return Units(np.arange(strata.size), split_by(strata))
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    index = unit_index(samples)
    units = int(index.max()) + 1
    nodes = units + int(strata.max()) + 1
    graph = coo_array((np.ones(index.size), (index, units + strata)), shape=(nodes, nodes))
    return Units(index, split_by(connected_components(graph, directed=False)[1][:units]))


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


def split_by(labels: Ints) -> tuple[Ints, ...]:
    """Return the places of each label, in ascending order of the labels.

    >>> [part.tolist() for part in split_by(np.array([1, 0, 1]))]
    [[1], [0, 2]]
    """
    order = np.argsort(labels, kind="stable")
    return tuple(np.split(order, np.flatnonzero(np.diff(labels[order])) + 1))
