"""Samples drawn anew with replacement, and decisions that flip without getting better or worse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from robustcheck.stats.proportions import is_binary
from robustcheck.stats.statistics import statistic_named
from robustcheck.values import Samples

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

_COLUMNS = ("scores", "groups", "weights", "counted", "correct")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a draw, and which of the drawn units each belongs to; both (n,)."""

    rows: Ints
    units: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Redraw:
    """What is drawn of some samples: whole clusters, within the strata of the statistic.

    ``order`` has the rows unit by unit (n,); those of unit u are ``sizes[u]`` from ``starts[u]`` on.
    """

    strata: tuple[Ints, ...]
    order: Ints
    starts: Ints
    sizes: Ints

    @classmethod
    def of(cls, samples: Samples) -> Redraw:
        """Find the units of samples once, for as many draws as are wanted."""
        units = statistic_named(samples.statistic).units(samples)
        sizes = np.bincount(units.index)
        return cls(units.strata, np.argsort(units.index, kind="stable"), np.cumsum(sizes) - sizes, sizes)

    def draw(self, rng: Rng) -> Rows:
        """Draw as many units of each stratum as it has."""
        drawn = np.concatenate([stratum[rng.integers(stratum.size, size=stratum.size)] for stratum in self.strata])
        units = np.repeat(np.arange(drawn.size), self.sizes[drawn])
        ends = np.cumsum(self.sizes[drawn])
        # The k-th row of a unit is the k-th from its start: count all rows, less those of the units before it.
        within = np.arange(units.size) - (ends - self.sizes[drawn])[units]
        return Rows(self.order[self.starts[drawn][units] + within], units)


def take_rows(samples: Samples, drawn: Rows) -> Samples:
    """Return the rows as samples of their own: an image, or a cluster, that was drawn twice is two."""
    columns = {name: getattr(samples, name) for name in _COLUMNS}
    taken = {name: column[drawn.rows] for name, column in columns.items() if column is not None}
    clusters = None if samples.clusters is None else drawn.units
    return replace(samples, ids=_numbered(drawn.rows.size), clusters=clusters, **taken)


@lru_cache(maxsize=4)
def _numbered(count: int) -> npt.NDArray[np.str_]:
    return np.arange(count).astype(str)


def flip(samples: Samples, share: float, rng: Rng) -> Samples:
    """Return samples of which a share moved without getting better or worse in the mean.

    Right answers and wrong ones flip in equal number; anything else takes what another sample of its group has.
    """
    column = samples.correct if samples.correct is not None else samples.scores
    if is_binary(column) and samples.counted is None:
        flipped = np.where(_flips(column, share, rng), 1 - column, column)
        return replace(samples, scores=flipped) if samples.correct is None else replace(samples, correct=flipped)
    rows = _swapped(samples.groups, np.flatnonzero(rng.random(samples.scores.size) < share), rng)
    columns = {"scores": samples.scores, "counted": samples.counted, "correct": samples.correct}
    return replace(samples, **{name: each[rows] for name, each in columns.items() if each is not None})  # type: ignore[arg-type]


def _swapped(groups: Ints, moved: Ints, rng: Rng) -> Ints:
    """Return the rows, where each that moved gives way to one of its group."""
    group, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    order, starts = np.argsort(group, kind="stable"), np.cumsum(sizes) - sizes
    rows = np.arange(groups.size)
    rows[moved] = order[starts[group[moved]] + rng.integers(sizes[group[moved]])]
    return rows


def _flips(right: np.ndarray, share: float, rng: Rng) -> np.ndarray:
    """Say which answers flip: half of the share are right ones and half wrong ones, as far as there are so many."""
    accuracy = float(right.mean())
    half = min(share / 2, accuracy, 1 - accuracy)
    if half == 0:
        return np.zeros(right.size, dtype=bool)
    return np.asarray(rng.random(right.size) < np.where(right == 1, half / accuracy, half / (1 - accuracy)))
