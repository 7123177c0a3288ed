"""Cells that share units along more than one way, such as an encoder and a list: how sure a statistic of them is.

Cells of one encoder move together whatever the list, and those of one list whatever the encoder, so crossings are
no independent sample. The variance of a statistic clustered both ways is V(rows) + V(columns) - V(crossings), since
what two cells of one crossing share is in both (Cameron, Gelbach & Miller 2011, "Robust inference with multiway
clustering", eq. 2.11; of more ways all unions and intersections, eq. 2.13). In small tables that can be smaller than
one of its terms, so it is at least the larger one-way variance. Reach and skewness are those of each way alone, of
which the one with the fewest units reaches furthest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Protocol, TypeVar

from robustcheck.stats.model_families import Families
from robustcheck.stats.proportions import ROUNDING, Interval


class Sure(Protocol):
    """A statistic that knows how sure it is."""

    @property
    def value(self) -> float:
        """The statistic."""

    @property
    def error(self) -> float:
        """Its standard error."""

    def interval(self, level: float) -> Interval:
        """Return its interval at a level."""


S = TypeVar("S", bound=Sure)


@dataclass(frozen=True, slots=True)
class Reversed:
    """A statistic seen from the other side."""

    of: Sure

    @property
    def value(self) -> float:
        """The statistic with its sign turned."""
        return -self.of.value

    @property
    def error(self) -> float:
        """Its standard error."""
        return self.of.error

    def interval(self, level: float) -> Interval:
        """Return its interval at a level."""
        low, high = self.of.interval(level)
        return -high, -low


@dataclass(frozen=True, slots=True)
class Crossed:
    """A statistic of cells: clustered along each way alone (``ways``), and its ``error`` along all of them."""

    value: float
    ways: tuple[Sure, ...]
    error: float

    def interval(self, level: float) -> Interval:
        """Return the furthest of the ways' intervals, each stretched to the error along all ways."""
        low = high = self.value
        for way in self.ways:
            if way.error > ROUNDING:
                below, above = way.interval(level)
                low = min(low, self.value - (self.value - below) * self.error / way.error)
                high = max(high, self.value + (above - self.value) * self.error / way.error)
        return low, high


def over_ways(measure: Callable[..., S], *families: Families) -> S | Crossed:
    """Measure a statistic over families; over cells whose units cross, along each way and along all of them.

    ``measure`` takes the families of each group and returns the statistic as if these were independent.
    """
    count = len(families[0].ways)
    if count < 2:
        return measure(*families)
    found = {chosen: measure(*(each.along(chosen) for each in families)) for chosen in _choices(count)}
    ways = tuple(found[(way,)] for way in range(count))
    error = crossed_error([(len(chosen), each.error) for chosen, each in found.items()])
    return Crossed(ways[0].value, ways, error)


def crossed_error(errors: Sequence[tuple[int, float]]) -> float:
    """Return the standard error along all ways, from those clustered by (so many ways at once, error).

    >>> round(crossed_error([(1, 0.3), (1, 0.4), (2, 0.3)]), 3), crossed_error([(1, 0.3), (1, 0.4), (2, 0.5)])
    (0.4, 0.4)
    """
    total = sum(-((-1) ** ways) * error**2 for ways, error in errors)
    return sqrt(max(total, *(error**2 for ways, error in errors if ways == 1)))


def _choices(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, count + 1):
        yield from combinations(range(count), size)
