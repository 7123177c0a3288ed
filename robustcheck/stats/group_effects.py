"""What sets groups of models apart: means, residuals, slopes, lines, correlations and matched pairs.

The models are the sample: every interval is a bootstrap over them, seeded, and expanded by
``sqrt(n / degrees)`` and Student's t, without which few models look surer than they are
(Hesterberg 2015, "What teachers should know about the bootstrap", expanded percentile interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.lines import Line, Points, back, fit_line, fit_lines, forward
from robustcheck.stats.proportions import ROUNDING, Interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Method = Literal["spearman", "pearson"]

MOST_DRAWS, FEWEST_DRAWS = 10_000, 1_000
# Draws x models that are held at once.
_BUDGET = 1_000_000
# A tail with fewer draws than this is read from Student's t instead.
_RESOLVED = 10
_GRID = 25


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """A statistic of groups of models with its bootstrap draws.

    ``size`` is the number of models (pairs) of the smallest group and ``degrees`` its degrees of freedom.
    """

    value: float
    draws: Floats
    size: int
    degrees: int

    @property
    def error(self) -> float:
        """The standard error: the spread of the draws, made up for the models that the statistic uses up."""
        return float(self.draws.std()) * sqrt(self.size / self.degrees)

    @property
    def reversed(self) -> Effect:
        """The effect seen from the other side."""
        return Effect(-self.value, -self.draws, self.size, self.degrees)

    def interval(self, level: float) -> Interval:
        """Return the expanded percentile interval; where the draws do not reach, Student's t with their error."""
        tail = (1 - level) / 2
        reach = student(1 - tail, self.degrees)
        share = NormalDist().cdf(-sqrt(self.size / self.degrees) * reach)
        low, high = (float(bound) for bound in np.quantile(self.draws, [share, 1 - share]))
        low, high = min(low, self.value), max(high, self.value)
        if share * self.draws.size < _RESOLVED:
            low = min(low, self.value - reach * self.error)
            high = max(high, self.value + reach * self.error)
        return low, high


def mean_difference(first: Floats, second: Floats, *, seed: int) -> Effect:
    """Return the mean of the first group minus that of the second."""
    rng, count = np.random.default_rng(seed), draws_for(first.size, second.size)
    draws = first[_drawn(rng, count, first.size)].mean(axis=1) - second[_drawn(rng, count, second.size)].mean(axis=1)
    size = min(first.size, second.size)
    return Effect(float(first.mean() - second.mean()), draws, size, size - 1)


def rank_sum_p(first: Floats, second: Floats) -> float:
    """Return the two-sided p value of Mann and Whitney that neither group tends to be above the other."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(first, second).pvalue)


def residual_difference(higher: Points, lower: Points, axis: AxisName, *, seed: int) -> Effect:
    """Return the mean distance (fractions) of the first group from the line through the second.

    Each draw takes models of both groups and fits the line again.
    """
    rng, count = np.random.default_rng(seed), draws_for(higher.size, lower.size)
    lines = _drawn_lines(lower, axis, rng, count)
    models = _drawn(rng, count, higher.size)
    draws = (higher.y[models] - lines.at(higher.x[models])).mean(axis=1)
    value = float((higher.y - fit_line(lower, axis).at(higher.x)).mean())
    size, degrees = min((higher.size, higher.size - 1), (lower.size, lower.size - 2), key=lambda pair: pair[1])
    return Effect(value, _finite(draws), size, degrees)


def correlation(x: Floats, y: Floats, method: Method, *, seed: int) -> Effect:
    """Return Spearman's or Pearson's correlation over the models."""
    rng = np.random.default_rng(seed)
    models = _drawn(rng, draws_for(x.size), x.size)
    draws = _finite(_correlations(x[models], y[models], method))
    value = correlation_of(x, y, method)
    if draws.std() <= ROUNDING:
        draws = _one_swap_off(value, x.size, rng, draws.size)
    return Effect(value, draws, x.size, x.size - 2)


def _one_swap_off(value: float, n: int, rng: np.random.Generator, count: int) -> Floats:
    """Draw around a perfect order with two neighbours swapped, where no draw of the models says how sure it is.

    Fisher's z with Bonett and Wright's error (2000) for ranks, sqrt((1 + r^2 / 2) / (n - 3)).
    """
    near = value * (1 - 12 / (n * (n * n - 1)))
    error = sqrt((1 + near * near / 2) / max(1, n - 3))
    return np.asarray(np.tanh(np.arctanh(near) + error * rng.standard_normal(count)))


def correlation_of(x: Floats, y: Floats, method: Method) -> float:
    """Return the correlation alone; NaN where one side does not vary."""
    return float(_correlations(x[None], y[None], method)[0])


def correlation_p(value: float, n: int) -> float:
    """Return the two-sided p value of no correlation: t = r sqrt((n - 2) / (1 - r^2)) on n - 2 degrees.

    >>> round(correlation_p(0.5, 20), 5)
    0.02477
    """
    from scipy.special import stdtr

    if abs(value) >= 1:
        return 0.0
    t = abs(value) * sqrt((n - 2) / (1 - value * value))
    return 2 * float(stdtr(n - 2, -t))


def slope_difference(first: Points, second: Points, axis: AxisName, *, seed: int) -> Effect:
    """Return the slope of the first group's line minus that of the second, on the transformed axes."""
    rng, count = np.random.default_rng(seed), draws_for(first.size, second.size)
    one, other = (_drawn_lines(points, axis, rng, count).slope for points in (first, second))
    value = float((fit_line(first, axis).slope - fit_line(second, axis).slope)[0])
    size = min(first.size, second.size)
    return Effect(value, _finite(one - other), size, size - 2)


def tan_delta(first: float, second: float) -> float:
    """Return the tangent of the angle between two slopes: (b1 - b2) / (1 + b1 b2).

    >>> round(tan_delta(1.20, 0.95), 10)
    0.1168224299
    """
    return (first - second) / (1 + first * second)


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
    size: int
    degrees: int

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
        wider = student(1 - tail, self.degrees) / NormalDist().inv_cdf(1 - tail)
        everywhere = float(np.quantile(self.peaks, 1 - tail)) * wider
        distances = np.abs(self.differences)
        low = float((distances - everywhere * self.errors).max())
        return max(0.0, low), float((distances + student(1 - tail, self.degrees) * self.errors).max())


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
    drawn = [_drawn_lines(each, axis, rng, count).at(grid[None]) for each in groups]
    fitted = [fit_line(each, axis).at(grid[None]) for each in groups]
    pairs = list(combinations(range(len(groups)), 2))
    differences = np.concatenate([(fitted[one] - fitted[other])[0] for one, other in pairs])
    draws = np.concatenate([drawn[one] - drawn[other] for one, other in pairs], axis=1)
    draws = draws[np.isfinite(draws).all(axis=1)]
    size = min(each.size for each in groups)
    place = int(np.abs(differences).argmax())
    spread = np.maximum(draws.std(axis=0), 1e-12)
    return Gap(
        value=float(np.abs(differences).max()),
        pair=pairs[place // _GRID],
        x=float(grid[place % _GRID]),
        x_low=x_low,
        x_high=x_high,
        differences=differences,
        errors=spread * sqrt(size / (size - 2)),
        peaks=np.abs((draws - differences) / spread).max(axis=1),
        size=size,
        degrees=size - 2,
    )


def matched_difference(before: Floats, after: Floats, *, seed: int) -> Effect:
    """Return the mean of after minus before over matched pairs, drawn as pairs."""
    change = after - before
    pairs = _drawn(np.random.default_rng(seed), draws_for(change.size), change.size)
    return Effect(float(change.mean()), change[pairs].mean(axis=1), change.size, change.size - 1)


def matched_residual_difference(before: Points, after: Points, axis: AxisName, *, seed: int) -> Effect:
    """Return the mean change (fractions) of the distance from the line through the models before.

    Each draw takes pairs and fits the line again.
    """
    pairs = _drawn(np.random.default_rng(seed), draws_for(before.size), before.size)
    lines = fit_lines(before.x[pairs], before.y[pairs], axis)
    moved = (after.y - before.y)[pairs] - lines.at(after.x[pairs]) + lines.at(before.x[pairs])
    line = fit_line(before, axis)
    value = float((after.y - before.y - line.at(after.x) + line.at(before.x)).mean())
    return Effect(value, _finite(moved.mean(axis=1)), before.size, before.size - 2)


def student(share: float, degrees: int) -> float:
    """Return the quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, share))


def draws_for(*sizes: int) -> int:
    """Return how many draws groups of these sizes get."""
    return max(FEWEST_DRAWS, min(MOST_DRAWS, _BUDGET // max(sizes)))


def _drawn(rng: np.random.Generator, count: int, n: int) -> Ints:
    return rng.integers(n, size=(count, n))


def _drawn_lines(points: Points, axis: AxisName, rng: np.random.Generator, count: int) -> Line:
    models = _drawn(rng, count, points.size)
    return fit_lines(points.x[models], points.y[models], axis)


def _finite(draws: Floats) -> Floats:
    """Leave out draws in which no line or correlation exists: all of one x, or of one value."""
    kept = draws[np.isfinite(draws)]
    if not kept.size:
        raise RecordError("the models do not differ, so nothing can be fitted", expected="models that differ")
    return kept


def _correlations(x: Floats, y: Floats, method: Method) -> Floats:
    """Correlate along the last axis: (b, n) and (b, n) -> (b,)."""
    if method == "spearman":
        from scipy.stats import rankdata

        x, y = rankdata(x, axis=1), rankdata(y, axis=1)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    found = np.full(spread.shape, np.nan)
    np.divide((x * y).sum(axis=1), spread, out=found, where=spread > 1e-15)
    return np.clip(found, -1, 1)
