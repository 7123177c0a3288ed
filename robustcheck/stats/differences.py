"""The interval of a difference of two estimates, from the interval of each.

MOVER (Zou & Donner 2008; of two shares with Wilson's intervals it is Newcombe's 1998) puts their arms together, so
that the interval stays right where shares near 0 or 1, or few images, make the arms unequal. Where both rest on the
same images their correlation rho shortens it: lower arm^2 = low^2 + high'^2 - 2 rho low high', the first estimate's
lower arm and the second's upper one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from robustcheck.stats.proportions import Interval, IntervalAt


@dataclass(frozen=True, slots=True)
class Estimated:
    """A value and its interval at any level."""

    value: float
    interval: IntervalAt


def difference_intervals(one: Estimated, other: Estimated, correlation: float = 0.0) -> IntervalAt:
    """Return the intervals of one - other."""
    difference = one.value - other.value

    def interval(level: float) -> Interval:
        (low, high), (other_low, other_high) = one.interval(level), other.interval(level)
        down = joined_arm(one.value - low, other_high - other.value, correlation)
        up = joined_arm(high - one.value, other.value - other_low, correlation)
        return difference - down, difference + up

    return interval


def cut_to(interval: IntervalAt, low: float, high: float) -> IntervalAt:
    """Return the intervals cut to where the number can lie: what lies outside holds no truth.

    >>> cut_to(lambda level: (-1.3, 0.4), -1.0, 1.0)(0.95)
    (-1.0, 0.4)
    """

    def cut(level: float) -> Interval:
        first, last = interval(level)
        return min(max(first, low), high), max(min(last, high), low)

    return cut


def joined_arm(one: float, other: float, correlation: float) -> float:
    """Return the arm of a difference whose two estimates have these."""
    return sqrt(max(0.0, one**2 + other**2 - 2 * correlation * one * other))
