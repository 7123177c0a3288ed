"""What sets groups of models apart: means, residuals, slopes and matched pairs.

The families of models are the sample: every interval is a bootstrap over them (`stats.model_families`), seeded, and
expanded by ``sqrt(n / degrees)`` and Student's t, without which few families look surer than they are (Hesterberg
2015, "What teachers should know about the bootstrap", expanded percentile interval), and by an allowance for families
that are skewed. Degrees and skewness are those of the groups together (`stats.family_samples`). Cells of a table are
drawn along each of their ways (`stats.crossed_ways`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RecordError
from robustcheck.stats.axes import AxisName
from robustcheck.stats.crossed_ways import Sure, over_ways
from robustcheck.stats.family_samples import FamilySample, Part, combine_parts
from robustcheck.stats.lines import Points, draw_lines, fit_draws, fit_line
from robustcheck.stats.model_families import Families, drawn_means, draws_for, reach_over_families, separate
from robustcheck.stats.proportions import Interval

Floats = npt.NDArray[np.float64]
Contrast = Literal["slope", "tan_delta"]


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """A statistic of groups of models with its bootstrap draws, and what the families behind it say."""

    value: float
    draws: Floats
    sample: FamilySample

    @property
    def error(self) -> float:
        """The standard error: the spread of the draws, made up for the models that the statistic uses up."""
        return float(self.draws.std()) * self.sample.wider

    def interval(self, level: float) -> Interval:
        """Return the wider one of the expanded percentiles and the standard errors."""
        tail, sample = (1 - level) / 2, self.sample
        below, above = (
            reach_over_families(tail, sample.size, sample.degrees, skewness)
            for skewness in (-sample.skewness, sample.skewness)
        )
        low, high = self._percentile(-below), self._percentile(above)
        return min(low, self.value - below * self.error), max(high, self.value + above * self.error)

    def _percentile(self, reach: float) -> float:
        """Return the draw that lies so many standard errors off, which draws show too small."""
        return float(np.quantile(self.draws, NormalDist().cdf(self.sample.wider * reach)))


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A value with its draws (NaN where a draw has no line), and those of each part alone."""

    value: float
    draws: Floats
    parts: tuple[Floats, ...]

    def beyond(self, other: _Drawn | None) -> _Drawn:
        """Subtract another value, drawn from the same families by the same seed."""
        if other is None:
            return self
        parts = tuple(one - two for one, two in zip(self.parts, other.parts, strict=True))
        return _Drawn(self.value - other.value, self.draws - other.draws, parts)

    def effect(self, families: tuple[Families, ...], used: tuple[int, ...]) -> Effect:
        """Return the effect, of parts over these families to which so many numbers are fitted."""
        parts = [Part(*each) for each in zip(self.parts, families, used, strict=True)]
        return Effect(self.value, _finite(self.draws), combine_parts(parts))


def mean_difference(
    first: Floats, second: Floats, *, seed: int, families: tuple[Families, Families] | None = None
) -> Sure:
    """Return the mean of the first group minus that of the second."""

    def measure(*groups: Families) -> Effect:
        rng, count = np.random.default_rng(seed), draws_for(first.size, second.size)
        one, other = (
            drawn_means(each.draw(rng, count), values) for each, values in zip(groups, (first, second), strict=True)
        )
        return _Drawn(float(first.mean() - second.mean()), one - other, (one, -other)).effect(groups, (1, 1))

    return over_ways(measure, *(families or (separate(first.size), separate(second.size))))


def rank_sum_p(first: Floats, second: Floats) -> float:
    """Return the two-sided p value of Mann and Whitney that neither group tends to be above the other."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(first, second).pvalue)


def residual_difference(
    higher: Points, lower: Points, axis: AxisName, *, seed: int, beyond: tuple[Points, Points] | None = None
) -> Sure:
    """Return the mean distance (fractions) of the first group from the line through the second.

    Each draw takes families of both groups and fits the line again. ``beyond`` are the same groups in another quantity,
    whose own distance, in the same draws, is subtracted.
    """

    def measure(*groups: Families) -> Effect:
        found, *others = (
            _residuals(*_regroup(points, groups), axis, seed) for points in ((higher, lower), beyond) if points
        )
        return found.beyond(*others or (None,)).effect(groups, (1, 2))

    return over_ways(measure, higher.families, lower.families)


def _regroup(points: tuple[Points, Points], families: tuple[Families, ...]) -> tuple[Points, Points]:
    return replace(points[0], grouped=families[0]), replace(points[1], grouped=families[1])


def _residuals(higher: Points, lower: Points, axis: AxisName, seed: int) -> _Drawn:
    rng, count = np.random.default_rng(seed), draws_for(higher.size, lower.size)
    off, counts = higher.y - draw_lines(lower, axis, rng, count).at(higher.x[None]), higher.families.draw(rng, count)
    apart = higher.y - fit_line(lower, axis).at(higher.x)
    return _Drawn(float(apart.mean()), drawn_means(counts, off), (drawn_means(counts, apart), off.mean(axis=1)))


def local_difference(higher: Points, lower: Points, reach: float, *, seed: int) -> Sure:
    """Return the mean distance (fractions) of the first group's models from those of the second with a like x.

    A model is compared with the mean of the others whose x lies within ``reach``; one without any has no part.
    Raises RecordError where no model has one.
    """
    near = (np.abs(higher.x[:, None] - lower.x[None]) <= reach).astype(np.float64)
    all_higher, all_lower = np.ones((1, higher.size)), np.ones((1, lower.size))
    value = _finite(_local_means(all_lower, higher, lower, near, all_higher))

    def measure(*groups: Families) -> Effect:
        rng, count = np.random.default_rng(seed), draws_for(higher.size, lower.size)
        of_lower, of_higher = groups[1].draw(rng, count), groups[0].draw(rng, count)
        both, one, other = (
            _local_means(lows, higher, lower, near, highs)
            for lows, highs in ((of_lower, of_higher), (all_lower, of_higher), (of_lower, all_higher))
        )
        kept = tuple(each.of(near.sum(axis=axis) > 0) for each, axis in zip(groups, (1, 0), strict=True))
        return _Drawn(float(value[0]), both, (one, other)).effect(kept, (1, 1))

    return over_ways(measure, higher.families, lower.families)


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


def slope_difference(
    first: Points,
    second: Points,
    axis: AxisName,
    *,
    seed: int,
    by: Contrast = "slope",
    beyond: tuple[Points, Points] | None = None,
) -> Sure:
    """Return the slope of the first group's line minus that of the second, on the transformed axes.

    With ``by`` tan_delta the tangent of the angle between the two. ``beyond`` are the same groups in another quantity,
    whose own difference, in the same draws, is subtracted: how much more the lines differ here.
    """

    def measure(*groups: Families) -> Effect:
        found, *others = (
            _slopes(*_regroup(points, groups), axis, seed, by) for points in ((first, second), beyond) if points
        )
        return found.beyond(*others or (None,)).effect(groups, (2, 2))

    return over_ways(measure, first.families, second.families)


def _slopes(first: Points, second: Points, axis: AxisName, seed: int, by: Contrast) -> _Drawn:
    rng, count = np.random.default_rng(seed), draws_for(first.size, second.size)
    one, other = (draw_lines(points, axis, rng, count).slope for points in (first, second))
    fitted, facing = (fit_line(points, axis).slope for points in (first, second))
    contrast = tan_delta if by == "tan_delta" else np.subtract
    parts = contrast(one, facing), contrast(fitted, other)
    return _Drawn(float(contrast(fitted, facing)[0]), contrast(one, other), parts)


def tan_delta(first: Floats, second: Floats) -> Floats:
    """Return the tangent of the angle between two slopes: (b1 - b2) / (1 + b1 b2); elementwise.

    >>> round(float(tan_delta(np.float64(1.20), np.float64(0.95))), 10)
    0.1168224299
    """
    return np.asarray((first - second) / (1 + first * second))


def matched_difference(before: Floats, after: Floats, *, seed: int, families: Families | None = None) -> Sure:
    """Return the mean of after minus before over matched pairs, drawn as pairs."""
    change = after - before

    def measure(drawn: Families) -> Effect:
        draws = drawn_means(drawn.draw(np.random.default_rng(seed), draws_for(change.size)), change)
        return _Drawn(float(change.mean()), draws, (draws,)).effect((drawn,), (1,))

    return over_ways(measure, families or separate(before.size))


def matched_residual_difference(
    before: Points, after: Points, axis: AxisName, *, seed: int, line: Points | None = None
) -> Sure:
    """Return the mean change (fractions) of the distance from a line: that of ``line``, else of the models before.

    Each draw takes families of pairs, and of the models of the line, and fits the line again.
    """
    if line is None:
        return over_ways(lambda own: _moved_from_own(replace(before, grouped=own), after, axis, seed), before.families)

    def measure(*groups: Families) -> Effect:
        pairs, others = _regroup((before, line), groups)
        return _moved_from(pairs, after, others, axis, seed)

    return over_ways(measure, before.families, line.families)


def _moved_from_own(before: Points, after: Points, axis: AxisName, seed: int) -> Effect:
    pairs = before.families.draw(np.random.default_rng(seed), draws_for(before.size))
    lines, fitted = fit_draws(before, axis, pairs), fit_line(before, axis)
    moved = drawn_means(pairs, after.y - before.y - lines.at(after.x[None]) + lines.at(before.x[None]))
    value = float((after.y - before.y - fitted.at(after.x) + fitted.at(before.x)).mean())
    return _Drawn(value, moved, (moved,)).effect((before.families,), (2,))


def _moved_from(before: Points, after: Points, line: Points, axis: AxisName, seed: int) -> Effect:
    rng, count = np.random.default_rng(seed), draws_for(before.size, line.size)
    pairs, lines = before.families.draw(rng, count), draw_lines(line, axis, rng, count)
    fitted = fit_line(line, axis)
    change = after.y - before.y - fitted.at(after.x) + fitted.at(before.x)
    moved = after.y - before.y - lines.at(after.x[None]) + lines.at(before.x[None])
    parts = drawn_means(pairs, change), moved.mean(axis=1)
    return _Drawn(float(change.mean()), drawn_means(pairs, moved), parts).effect(
        (before.families, line.families), (1, 2)
    )


def _finite(draws: Floats) -> Floats:
    """Leave out draws in which no line or correlation exists: all of one x, or of one value."""
    kept = draws[np.isfinite(draws)]
    if not kept.size:
        raise RecordError("the models do not differ, so nothing can be fitted", expected="models that differ")
    return kept
