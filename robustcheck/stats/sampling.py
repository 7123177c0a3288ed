"""What is sampled together: the clusters of the samples, or the samples themselves, within strata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.values import Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FEW_KINDS = 16


@dataclass(frozen=True, slots=True)
class Expansion:
    """How much wider than its replicates a value spreads: ``factor`` times, with so many degrees of freedom."""

    factor: float
    freedom: float


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

    @property
    def expansion(self) -> Expansion:
        """Return what plain resampling lacks: it shows (n - 1) / n of the variance of n units."""
        return Expansion(sqrt(self.size / self.freedom), self.freedom)


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Samples that are alike, counted: ``rows`` has one of each kind, ``counts`` how many there are (k,).

    ``strata`` are the kinds of each stratum.
    """

    rows: Ints
    counts: Ints
    strata: tuple[Ints, ...]


def rows_of_ids(ids: npt.NDArray[np.str_], others: npt.NDArray[np.str_]) -> Ints | None:
    """Return where each of some ids (n,) stands among others; None unless both hold the same ones, each once.

    >>> rows_of_ids(np.array(["a", "b"]), np.array(["b", "a"])).tolist()
    [1, 0]
    """
    if np.array_equal(ids, others):
        return np.arange(ids.size)
    if ids.shape != others.shape or np.unique(ids).size < ids.size:
        return None
    order = np.argsort(others, kind="stable")
    places = np.asarray(order[np.minimum(np.searchsorted(others, ids, sorter=order), ids.size - 1)], dtype=np.int64)
    return places if np.array_equal(others[places], ids) else None


def is_same_split(first: Ints, second: Ints) -> bool:
    """Say whether two columns (n,) part the samples in the same way, whatever they call the parts.

    >>> is_same_split(np.array([0, 0, 1]), np.array([7, 7, 3])), is_same_split(np.array([0, 0, 1]), np.array([0, 1, 1]))
    (True, False)
    """
    (names, one), (others, two) = (np.unique(column, return_inverse=True) for column in (first, second))
    pairs = np.unique(one.astype(np.int64) * max(others.size, 1) + two).size
    return bool(names.size == others.size == pairs)


def find_kinds(strata: Ints, columns: Sequence[Floats | Ints]) -> Kinds | None:
    """Return the kinds of samples by stratum and columns, each (n,); None where they are hardly fewer than samples.

    Resampling n samples of k kinds is a multinomial count over the kinds.
    """
    table = np.column_stack([strata, *columns]).astype(np.float64)
    _, rows, counts = np.unique(table, axis=0, return_index=True, return_counts=True)
    if rows.size > max(_FEW_KINDS, len(table) // 8):
        return None
    return Kinds(rows, counts, split_by(strata[rows]))


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


def refuse_groups_of_one(sizes: npt.NDArray[Any]) -> None:
    """Raise DataError where one of the groups (G,) that a mean is taken over has a single member."""
    if single := int((sizes < 2).sum()):
        raise DataError(
            f"{single} of {len(sizes)} groups have one sample: how much they vary cannot be seen",
            expected="at least two samples of every group (class, subset) that the mean is taken over",
            fix="use a data set or slice with more images of each class, or a mean over images such as top1 or auroc",
        )


def keep_ids(samples: Samples, ids: npt.NDArray[np.str_]) -> Samples:
    """Return those samples that have one of these ids, in the order in which they are."""
    kept = np.isin(samples.ids, ids)
    columns = ("ids", "scores", "groups", "weights", "counted", "correct", "clusters")
    cut: dict[str, Any] = {
        name: None if getattr(samples, name) is None else getattr(samples, name)[kept] for name in columns
    }
    return replace(samples, **cut)


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
