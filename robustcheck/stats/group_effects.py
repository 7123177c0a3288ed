"""What sets groups of models apart: means, residuals, slopes, lines, correlations and matched pairs.

The families of models are the sample: every interval is a bootstrap over them (`stats.model_families`), seeded, and
expanded by ``sqrt(n / degrees)`` and Student's t, without which few families look surer than they are (Hesterberg
2015, "What teachers should know about the bootstrap", expanded percentile interval), and by an allowance for families
that are skewed. n is their effective number: that of the smallest group, and of two means that of both together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.lines import Points, draw_lines, fit_draws, fit_line
from robustcheck.stats.model_families import (
    Families,
    drawn_means,
    draws_for,
    reach_over_families,
    separate,
    smallest_sample,
    student,
)
from robustcheck.stats.proportions import ROUNDING, Interval

Floats = npt.NDArray[np.float64]
Method = Literal["spearman", "pearson"]
Contrast = Literal["slope", "tan_delta"]
# A value, and its draws: NaN where a draw has no line.
_Drawn = tuple[float, Floats]

# A tail of a correlation with fewer draws than this is read from Fisher's z instead.
_RESOLVED = 10


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """A statistic of groups of models with its bootstrap draws.

    ``size`` is the effective number of families of the smallest group and ``degrees`` its degrees of freedom.
    ``expansion`` says how much wider than its draws the value spreads, where it is not sqrt(size / degrees).
    A correlation has ``fisher_error``, the standard error of z = artanh r: on that scale an interval stays in -1 to 1.
    """

    value: float
    draws: Floats
    size: float
    degrees: float
    expansion: float | None = None
    fisher_error: float | None = None

    @property
    def error(self) -> float:
        """The standard error: the spread of the draws, made up for the models that the statistic uses up."""
        return float(self.draws.std()) * self._wider

    @property
    def _wider(self) -> float:
        return sqrt(self.size / self.degrees) if self.expansion is None else self.expansion

    @property
    def reversed(self) -> Effect:
        """The effect seen from the other side."""
        return replace(self, value=-self.value, draws=-self.draws)

    def interval(self, level: float) -> Interval:
        """Return the wider one of the expanded percentiles and the standard errors; of a correlation see below."""
        tail = (1 - level) / 2
        if self.fisher_error is not None:
            return self._correlation_interval(student(1 - tail, self.degrees))
        reach = reach_over_families(tail, self.size, self.degrees)
        low, high = self._percentiles(self._share_beyond(reach))
        return min(low, self.value - reach * self.error), max(high, self.value + reach * self.error)

    def _correlation_interval(self, reach: float) -> Interval:
        """Return the expanded percentiles; where the draws do not reach, Fisher's z with its error."""
        share = self._share_beyond(reach)
        low, high = self._percentiles(share)
        if share * self.draws.size < _RESOLVED:
            most = _nearest_to_perfect(self.size)
            z, width = float(np.arctanh(np.clip(self.value, -most, most))), reach * (self.fisher_error or 0.0)
            low, high = min(low, float(np.tanh(z - width))), max(high, float(np.tanh(z + width)))
        return low, high

    def _share_beyond(self, reach: float) -> float:
        """Return the share of the draws that lies beyond so many standard errors, which draws show too small."""
        return NormalDist().cdf(-self._wider * reach)

    def _percentiles(self, share: float) -> Interval:
        low, high = (float(bound) for bound in np.quantile(self.draws, [share, 1 - share]))
        return min(low, self.value), max(high, self.value)


def mean_difference(
    first: Floats, second: Floats, *, seed: int, families: tuple[Families, Families] | None = None
) -> Effect:
    """Return the mean of the first group minus that of the second."""
    rng, count = np.random.default_rng(seed), draws_for(first.size, second.size)
    groups = families or (separate(first.size), separate(second.size))
    one, other = (
        drawn_means(each.draw(rng, count), values) for each, values in zip(groups, (first, second), strict=True)
    )
    return Effect(float(first.mean() - second.mean()), one - other, *_sample_of_both((one, other), groups))


def _sample_of_both(drawn: tuple[Floats, Floats], groups: tuple[Families, Families]) -> tuple[float, float, float]:
    """Return size, degrees and expansion of a difference of two means that were drawn apart.

    With variances v_j over n_j families and V = sum v_j the degrees are V^2 / sum (v_j^2 / (n_j - 1)) (Satterthwaite
    1946). Third cumulants add up as variances do, at worst with one sign, so that of skewness g in each group the
    difference has at most g sum (v_j^1.5 / sqrt(n_j)) / V^1.5: as much as g / sqrt(n) of one group of the size n that
    is returned.
    """
    sizes = np.array([each.effective for each in groups])
    freedoms = np.maximum(1.0, sizes - 1)
    seen = np.array([float(each.var()) for each in drawn])
    variances = seen * sizes / freedoms
    total = float(variances.sum())
    if total <= ROUNDING**2:
        size, degrees = smallest_sample(groups, 1)
        return size, degrees, sqrt(size / degrees)
    degrees = total**2 / float((variances**2 / freedoms).sum())
    skewed = float((variances**1.5 / np.sqrt(sizes)).sum()) / total**1.5
    return skewed**-2, degrees, sqrt(total / float(seen.sum()))


def rank_sum_p(first: Floats, second: Floats) -> float:
    """Return the two-sided p value of Mann and Whitney that neither group tends to be above the other."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(first, second).pvalue)


def residual_difference(
    higher: Points, lower: Points, axis: AxisName, *, seed: int, beyond: tuple[Points, Points] | None = None
) -> Effect:
    """Return the mean distance (fractions) of the first group from the line through the second.

    Each draw takes families of both groups and fits the line again. ``beyond`` are the same groups in another quantity,
    whose own distance, in the same draws, is subtracted.
    """
    found = _residuals(higher, lower, axis, seed)
    sizes = smallest_sample((higher.families,), 1), smallest_sample((lower.families,), 2)
    return _effect_beyond(found, beyond and _residuals(*beyond, axis, seed), min(sizes, key=lambda pair: pair[1]))


def _residuals(higher: Points, lower: Points, axis: AxisName, seed: int) -> _Drawn:
    rng, count = np.random.default_rng(seed), draws_for(higher.size, lower.size)
    lines = draw_lines(lower, axis, rng, count)
    draws = drawn_means(higher.families.draw(rng, count), higher.y - lines.at(higher.x[None]))
    return float((higher.y - fit_line(lower, axis).at(higher.x)).mean()), draws


def _effect_beyond(found: _Drawn, other: _Drawn | None, sample: tuple[float, float]) -> Effect:
    """Return an effect; with another one, drawn from the same families by the same seed, their difference."""
    value, draws = found if other is None else (found[0] - other[0], found[1] - other[1])
    return Effect(value, _finite(draws), *sample)


def local_difference(higher: Points, lower: Points, reach: float, *, seed: int) -> Effect:
    """Return the mean distance (fractions) of the first group's models from those of the second with a like x.

    A model is compared with the mean of the others whose x lies within ``reach``; one without any has no part.
    Raises RecordError where no model has one.
    """
    near = (np.abs(higher.x[:, None] - lower.x[None]) <= reach).astype(np.float64)
    rng, count = np.random.default_rng(seed), draws_for(higher.size, lower.size)
    drawn = _local_means(lower.families.draw(rng, count), higher, lower, near, higher.families.draw(rng, count))
    value = _local_means(np.ones((1, lower.size)), higher, lower, near, np.ones((1, higher.size)))
    _finite(value)
    matched = [points.families.of(near.sum(axis=axis) > 0) for points, axis in ((higher, 1), (lower, 0))]
    return Effect(float(value[0]), _finite(drawn), *smallest_sample(matched, 1))


def _local_means(of_lower: Floats, higher: Points, lower: Points, near: Floats, of_higher: Floats) -> Floats:
    """Return the mean distance in each draw; NaN where no model that was drawn has a like one."""
    others, often = (of_lower * lower.y) @ near.T, of_lower @ near.T
    distance = np.zeros(often.shape)
    np.divide(higher.y * often - others, often, out=distance, where=often > 0)
    weights = of_higher * (often > 0)
    total = weights.sum(axis=1)
    found = np.full(total.shape, np.nan)
    np.divide((weights * distance).sum(axis=1), total, out=found, where=total > 0)
    return found


def correlation(points: Points, method: Method, *, seed: int) -> Effect:
    """Return Spearman's or Pearson's correlation over the models."""
    rng, families = np.random.default_rng(seed), points.families
    counts = families.draw(rng, draws_for(points.size))
    # Few families give the same draw again and again.
    first, which = families.distinct(counts)
    draws = _finite(_correlations(points.x, points.y, counts[first], method)[which])
    value = correlation_of(points.x, points.y, method)
    if draws.std() <= ROUNDING:
        draws = _one_swap_off(value, families.count, rng, draws.size)
    effect = Effect(value, draws, *smallest_sample((families,), 2))
    return replace(effect, fisher_error=_fisher_error(effect, method))


def _fisher_error(effect: Effect, method: Method) -> float:
    """Return the standard error of z = artanh r, the larger of what the draws and what the number of families say.

    From the draws it is their spread on that scale. From the number it is 1 / sqrt(n - 3) for values (Fisher 1921) and
    sqrt((1 + r^2 / 2) / (n - 3)) for ranks (Bonett & Wright 2000).
    """
    ranks = 1 + effect.value**2 / 2 if method == "spearman" else 1.0
    most = _nearest_to_perfect(effect.size)
    drawn = float(np.arctanh(np.clip(effect.draws, -most, most)).std()) * sqrt(effect.size / effect.degrees)
    return max(sqrt(ranks / max(1.0, effect.size - 3)), drawn)


def _nearest_to_perfect(n: float) -> float:
    """Return the largest rank correlation below 1, where two neighbours are swapped: artanh(1) is infinite."""
    n = max(3.0, n)
    return 1 - 12 / (n * (n * n - 1))


def _one_swap_off(value: float, n: int, rng: np.random.Generator, count: int) -> Floats:
    """Draw around a perfect order with two neighbours swapped, where no draw of the models says how sure it is.

    Fisher's z with Bonett and Wright's error (2000) for ranks, sqrt((1 + r^2 / 2) / (n - 3)).
    """
    near = value * _nearest_to_perfect(n)
    error = sqrt((1 + near * near / 2) / max(1, n - 3))
    return np.asarray(np.tanh(np.arctanh(near) + error * rng.standard_normal(count)))


def correlation_of(x: Floats, y: Floats, method: Method) -> float:
    """Return the correlation alone; NaN where one side does not vary."""
    return float(_correlations(x, y, np.ones((1, x.size)), method)[0])


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


def slope_difference(
    first: Points,
    second: Points,
    axis: AxisName,
    *,
    seed: int,
    by: Contrast = "slope",
    beyond: tuple[Points, Points] | None = None,
) -> Effect:
    """Return the slope of the first group's line minus that of the second, on the transformed axes.

    With ``by`` tan_delta the tangent of the angle between the two. ``beyond`` are the same groups in another quantity,
    whose own difference, in the same draws, is subtracted: how much more the lines differ here.
    """
    found = _slopes(first, second, axis, seed, by)
    other = beyond and _slopes(*beyond, axis, seed, by)
    return _effect_beyond(found, other, smallest_sample((first.families, second.families), 2))


def _slopes(first: Points, second: Points, axis: AxisName, seed: int, by: Contrast) -> _Drawn:
    rng, count = np.random.default_rng(seed), draws_for(first.size, second.size)
    one, other = (draw_lines(points, axis, rng, count).slope for points in (first, second))
    fitted = [fit_line(points, axis).slope for points in (first, second)]
    if by == "tan_delta":
        return float(tan_delta(*fitted)[0]), tan_delta(one, other)
    return float((fitted[0] - fitted[1])[0]), one - other


def tan_delta(first: Floats, second: Floats) -> Floats:
    """Return the tangent of the angle between two slopes: (b1 - b2) / (1 + b1 b2); elementwise.

    >>> round(float(tan_delta(np.float64(1.20), np.float64(0.95))), 10)
    0.1168224299
    """
    return np.asarray((first - second) / (1 + first * second))


def matched_difference(before: Floats, after: Floats, *, seed: int, families: Families | None = None) -> Effect:
    """Return the mean of after minus before over matched pairs, drawn as pairs."""
    change, drawn = after - before, families or separate(before.size)
    draws = drawn_means(drawn.draw(np.random.default_rng(seed), draws_for(change.size)), change)
    return Effect(float(change.mean()), draws, *smallest_sample((drawn,), 1))


def matched_residual_difference(
    before: Points, after: Points, axis: AxisName, *, seed: int, line: Points | None = None
) -> Effect:
    """Return the mean change (fractions) of the distance from a line: that of ``line``, else of the models before.

    Each draw takes families of pairs, and of the models of the line, and fits the line again.
    """
    rng, families = np.random.default_rng(seed), before.families
    count = draws_for(before.size, 0 if line is None else line.size)
    pairs = families.draw(rng, count)
    drawn = fit_draws(before, axis, pairs) if line is None else draw_lines(line, axis, rng, count)
    moved = drawn_means(pairs, after.y - before.y - drawn.at(after.x[None]) + drawn.at(before.x[None]))
    fitted = fit_line(before if line is None else line, axis)
    value = float((after.y - before.y - fitted.at(after.x) + fitted.at(before.x)).mean())
    sizes = [smallest_sample((families,), 2 if line is None else 1)]
    sizes += [] if line is None else [smallest_sample((line.families,), 2)]
    return Effect(value, _finite(moved), *min(sizes, key=lambda pair: pair[1]))


def _finite(draws: Floats) -> Floats:
    """Leave out draws in which no line or correlation exists: all of one x, or of one value."""
    kept = draws[np.isfinite(draws)]
    if not kept.size:
        raise RecordError("the models do not differ, so nothing can be fitted", expected="models that differ")
    return kept


def _correlations(x: Floats, y: Floats, counts: Floats, method: Method) -> Floats:
    """Correlate x and y (n,) over the models of each draw, that come so often: counts (b, n) -> (b,)."""
    if method == "spearman":
        places, targets = _ranks(x, counts), _ranks(y, counts)
    else:
        places, targets = x[None], y[None]
    x_off, y_off = (each - drawn_means(counts, each)[:, None] for each in (places, targets))
    spread = np.sqrt((counts * x_off * x_off).sum(axis=1) * (counts * y_off * y_off).sum(axis=1))
    found = np.full(spread.shape, np.nan)
    np.divide((counts * x_off * y_off).sum(axis=1), spread, out=found, where=spread > 1e-15)
    return np.clip(found, -1, 1)


def _ranks(values: Floats, counts: Floats) -> Floats:
    """Return the rank of each model in each draw (b, n), tied ones sharing their mean rank."""
    # Of c equal values above b smaller ones the ranks are b + 1 to b + c, and their mean is b + (c + 1) / 2.
    order, place = np.argsort(values, kind="stable"), np.unique(values, return_inverse=True)[1]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values[order])) + 1])
    often = np.add.reduceat(counts[:, order], starts, axis=1)
    return np.asarray((np.cumsum(often, axis=1) - often + (often + 1) / 2)[:, place])
