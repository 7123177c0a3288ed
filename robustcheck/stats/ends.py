"""The ends of intervals at a row of levels, worked out once and kept with a score.

An interval of resampled or searched ends is dear to make and cheap to read. Its ends at levels that lie evenly on the
scale of standard errors, 0 to 6.3 of them, are kept; between two of them an end moves almost in a straight line.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from statistics import NormalDist

from robustcheck.stats.proportions import Interval, IntervalAt, z_value
from robustcheck.stats.sampling import Floats
from robustcheck.values import Ends

_NORMAL_95 = 10
_COUNT = 33
# 95% is one of the levels, so that the interval that is shown is the one that was worked out.
_STEP = z_value(0.95) / _NORMAL_95
LEVELS = tuple(0.95 if place == _NORMAL_95 else 2 * NormalDist().cdf(place * _STEP) - 1 for place in range(_COUNT))


class IntervalsInRow(ABC):
    """Intervals whose ends at many levels are worked out at once, sooner than one by one."""

    def __call__(self, level: float) -> Interval:
        """Return the interval at one level."""
        lows, highs = self.ends_at([level])
        return float(lows[0]), float(highs[0])

    @abstractmethod
    def ends_at(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        """Return the lower and the upper ends at some levels, each (k,)."""


def tabulate_ends(interval: IntervalAt) -> Ends:
    """Return the ends of an interval at every level of ``LEVELS``."""
    if isinstance(interval, IntervalsInRow):
        lows, highs = interval.ends_at(LEVELS)
        return Ends(tuple(lows.tolist()), tuple(highs.tolist()))
    found = [interval(level) for level in LEVELS]
    return Ends(tuple(float(low) for low, _ in found), tuple(float(high) for _, high in found))


def intervals_between(ends: Ends) -> IntervalAt:
    """Return the function from a level to the interval: straight lines between the levels that are kept."""

    def interval(level: float) -> Interval:
        place = z_value(level) / _STEP
        below = min(int(place), _COUNT - 2)
        share = min(place - below, 1.0)
        return _between(ends.lows, below, share), _between(ends.highs, below, share)

    return interval


def _between(ends: tuple[float, ...], below: int, share: float) -> float:
    return ends[below] + share * (ends[below + 1] - ends[below])
