"""Models as a sample of families: those that share an architecture and a source are drawn together.

A bootstrap over k families draws k of them with replacement, each with all of its models. Few families, or a few
that hold most models, say little: the degrees of freedom are those of the effective number of families
(sum m)^2 / sum m^2, with m models in a family (Kish 1965), which is k where all families are of one size. A bootstrap
of a mean underestimates its variance by (effective - 1) / effective, and Student's t on effective - 1 degrees covers
for the families' unequal spread (Ibragimov & Mueller 2010).

Student's t is right for normal offsets. Where a few families lie far below the others their mean is most often too
high, by more than t covers, and a handful of families seldom shows it. So intervals reach further by what a skewness
of 1.25 costs, besides what is seen (`reach_over_families`).

Cells of a table share units two ways, such as an encoder and a list: their families are the crossings, and the units
of each way stand beside (`stats.crossed_ways`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_DRAWS, FEWEST_DRAWS = 10_000, 1_000
# The skewness that intervals allow for: about the largest of OpenCLIP's families (0.1 to 1.3 over five shifts).
SKEWNESS = 1.25
# Draws x models that are held at once.
_BUDGET = 1_000_000
# So many bits have a whole number; draws that need more are hardly ever the same.
_BITS = 62


@dataclass(frozen=True, slots=True, eq=False)
class Families:
    """The family of each model: ``index`` (n,), from 0 without a gap.

    Where families are crossings, ``ways`` has the unit of each model along each way, (n,) from 0 without a gap.
    """

    index: Ints
    ways: tuple[Ints, ...] = ()

    @property
    def count(self) -> int:
        """The number of families."""
        return int(self.index.max()) + 1 if self.index.size else 0

    @property
    def independent(self) -> int:
        """The number of families; of crossings, the number of units of the way that has the fewest.

        >>> cross_families([("a", "x"), ("a", "y"), ("b", "x"), ("b", "z")]).independent
        2
        """
        return min(self.units, default=self.count)

    @property
    def units(self) -> tuple[int, ...]:
        """The number of units along each way in which families cross."""
        return tuple(int(way.max()) + 1 if way.size else 0 for way in self.ways)

    @property
    def effective(self) -> float:
        """The number of families of one size that say as much: (sum m)^2 / sum m^2.

        >>> Families(np.array([0, 0, 1, 1])).effective, Families(np.array([0, 0, 0, 1])).effective
        (2.0, 1.6)
        """
        sizes = np.bincount(self.index)
        return float(sizes.sum() ** 2 / (sizes**2).sum())

    def draw(self, rng: np.random.Generator, draws: int) -> Floats:
        """Draw families; return how often each model is in each draw: (draws, n)."""
        chosen = rng.multinomial(self.count, np.full(self.count, 1 / self.count), size=draws)
        # `take` copies rows; an index behind `[:, ...]` copies columns, at four to ten times the time.
        return chosen.astype(np.float64).take(self.index, axis=1)

    def distinct(self, counts: Floats) -> tuple[Ints, Ints]:
        """Return where each distinct draw comes first in ``counts`` (b, n), and which of these each draw is: (b,).

        >>> Families(np.array([0, 0, 1])).distinct(np.array([[1, 1, 1], [2, 2, 0], [1, 1, 1]]))
        (array([0, 1]), array([0, 1, 0]))
        """
        # A draw of k families is a number of k digits to the base k + 1. The last digit follows from the others.
        digits = counts[:, np.unique(self.index, return_index=True)[1][:-1]].astype(np.int64)
        if digits.shape[1] * log2(self.count + 1) > _BITS:
            each = np.arange(len(counts))
            return each, each
        numbers = digits @ (self.count + 1) ** np.arange(digits.shape[1])
        _, first, which = np.unique(numbers, return_index=True, return_inverse=True)
        return first, which

    def of(self, kept: npt.NDArray[np.bool_]) -> Families:
        """Return the families of the models that are kept."""
        ways = tuple(number_families(way[kept].tolist()).index for way in self.ways)
        return Families(number_families(self.index[kept].tolist()).index, ways)

    def along(self, ways: Sequence[int]) -> Families:
        """Return the families that models are when only those that share their units along some ways are one."""
        return number_families(list(zip(*(self.ways[way].tolist() for way in ways), strict=True)))


def number_families(names: Sequence[Hashable]) -> Families:
    """Number the families by their names, in the order in which they come.

    >>> number_families(["rn50 of wit", "vit-b-32 of wit", "rn50 of wit"]).index.tolist()
    [0, 1, 0]
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return Families(np.array([numbers[name] for name in names], dtype=np.int64))


def cross_families(units: Sequence[tuple[str, ...]]) -> Families:
    """Number the crossings of the units that each cell has, one a way, and the units of each way if there are several.

    >>> cross_families([("a", "x"), ("a", "y"), ("b", "x")]).ways[1].tolist()
    [0, 1, 0]
    """
    ways = tuple(number_families(way).index for way in zip(*units, strict=True))
    return Families(number_families(units).index, ways if len(ways) > 1 else ())


def separate(n: int) -> Families:
    """Return n models that are each a family."""
    return Families(np.arange(n))


def draws_for(*sizes: int) -> int:
    """Return how many draws groups of these sizes get."""
    return max(FEWEST_DRAWS, min(MOST_DRAWS, _BUDGET // max(sizes)))


def drawn_means(counts: Floats, values: Floats) -> Floats:
    """Average values (n,) or (draws, n) over the models of each draw."""
    return np.asarray((counts * values).sum(axis=1) / counts.sum(axis=1))


def student(share: float, degrees: float) -> float:
    """Return the quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, share))


def reach_over_families(tail: float, size: float, degrees: float, skewness: float = 0.0) -> float:
    """Return how many standard errors an interval over families reaches that leaves ``tail`` beyond an end.

    Of a statistic of skewness h, P(T <= q) = Phi(q) + h (2 q^2 + 1) phi(q) / 6 to first order (Hall 1992), so that the
    quantile lies h (2 z^2 + 1) / 6 further out than that of no skewness. h is ``SKEWNESS`` / sqrt(size), whichever
    way, and ``skewness``: what was seen of the statistic, positive where its long tail is on the side of the end.

    >>> round(student(0.975, 7), 2), round(reach_over_families(0.025, 8, 7), 2)
    (2.36, 3.0)
    """
    z = NormalDist().inv_cdf(tail)
    return student(1 - tail, degrees) + max(0.0, SKEWNESS / sqrt(size) + skewness) * (2 * z * z + 1) / 6
