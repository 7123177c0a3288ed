"""The largest distance between the lines of groups of models, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.lines import Points, back, draw_lines, fit_line, forward
from robustcheck.stats.model_families import draws_for, reach_over_families, smallest_sample
from robustcheck.stats.proportions import Interval

Floats = npt.NDArray[np.float64]

_GRID = 25


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """The largest distance (fractions) of groups' lines, over the x that all of them have.

    ``differences`` (places,) are the lines' differences, of every pair of groups at every x of ``grid``, and
    ``errors`` their standard errors; ``peaks`` (draws,) are the largest |t| of a draw; ``pair`` and ``x`` say
    where the lines are furthest apart.
    """

    value: float
    pair: tuple[int, int]
    x: float
    x_low: float
    x_high: float
    differences: Floats
    errors: Floats
    peaks: Floats
    size: float
    degrees: float

    @property
    def error(self) -> float:
        """The standard error where the lines are furthest apart."""
        return float(self.errors[np.abs(self.differences).argmax()])

    def interval(self, level: float) -> Interval:
        """Return how far apart the lines are shown to be somewhere, and how far they may be anywhere.

        A largest distance is above 0 even between equal lines, so its own percentiles would mislead. The
        upper end is the intersection-union one (each place has its own interval, all must be inside); the
        lower end must hold somewhere, so it takes the simultaneous band over all places (sup-t).
        """
        tail = (1 - level) / 2
        reach = reach_over_families(tail, self.size, self.degrees)
        wider = reach / NormalDist().inv_cdf(1 - tail)
        everywhere = float(np.quantile(self.peaks, 1 - tail)) * wider
        distances = np.abs(self.differences)
        low = float((distances - everywhere * self.errors).max())
        return max(0.0, low), float((distances + reach * self.errors).max())


def line_gap(groups: Sequence[Points], axis: AxisName, *, seed: int) -> Gap:
    """Compare the lines of two or more groups where their x overlap; RecordError where they do not."""
    x_low, x_high = max(float(each.x.min()) for each in groups), min(float(each.x.max()) for each in groups)
    if x_low >= x_high:
        raise RecordError(
            "the groups have no x in common, so their lines cannot be compared",
            expected="groups whose x ranges overlap",
        )
    first, last = (float(place) for place in forward(np.array([x_low, x_high]), axis))
    grid = back(np.linspace(first, last, _GRID), axis)
    rng, count = np.random.default_rng(seed), draws_for(*(each.size for each in groups))
    drawn = [draw_lines(each, axis, rng, count).at(grid[None]) for each in groups]
    fitted = [fit_line(each, axis).at(grid[None]) for each in groups]
    pairs = list(combinations(range(len(groups)), 2))
    differences = np.concatenate([(fitted[one] - fitted[other])[0] for one, other in pairs])
    draws = np.concatenate([drawn[one] - drawn[other] for one, other in pairs], axis=1)
    draws = draws[np.isfinite(draws).all(axis=1)]
    size, degrees = smallest_sample([each.families for each in groups], 2)
    place = int(np.abs(differences).argmax())
    spread = np.maximum(draws.std(axis=0), 1e-12)
    return Gap(
        value=float(np.abs(differences).max()),
        pair=pairs[place // _GRID],
        x=float(grid[place % _GRID]),
        x_low=x_low,
        x_high=x_high,
        differences=differences,
        errors=spread * sqrt(size / degrees),
        peaks=np.abs((draws - differences) / spread).max(axis=1),
        size=size,
        degrees=degrees,
    )
