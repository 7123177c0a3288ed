"""Statistics of groups of models, against scipy, statsmodels and double loops."""

from __future__ import annotations

from itertools import product
from math import atan, tan

import numpy as np
import pytest
from scipy import stats
from statsmodels.robust.norms import HuberT
from statsmodels.robust.robust_linear_model import RLM

from robustcheck.errors import RecordError
from robustcheck.stats.correlation import correlation, correlation_of, correlation_p
from robustcheck.stats.crossed_ways import Reversed
from robustcheck.stats.family_samples import FamilySample
from robustcheck.stats.group_effects import (
    Effect,
    matched_difference,
    matched_residual_difference,
    mean_difference,
    rank_sum_p,
    residual_difference,
    slope_difference,
    tan_delta,
)
from robustcheck.stats.line_gap import line_gap
from robustcheck.stats.lines import Points, back, fit_line, fit_lines, forward, r_squared


def cloud(n: int, seed: int, slope: float = 0.9, lift: float = -0.3, noise: float = 0.05) -> Points:
    """Return models along a line on probit axes, with heavy tails."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.3, 0.85, n)
    return Points(x, back(forward(x, "probit") * slope + lift + noise * rng.standard_t(3, n), "probit"))


def huber(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    design = np.column_stack([np.ones_like(x), x])
    intercept, slope = RLM(y, design, M=HuberT(t=1.345)).fit(scale_est="mad", cov="H1", tol=1e-12).params
    return float(intercept), float(slope)


@pytest.mark.parametrize("n", [5, 8, 30, 200])
@pytest.mark.parametrize("axis", ["probit", "logit", "linear"])
def test_the_line_is_that_of_statsmodels(n: int, axis: str) -> None:
    points = cloud(n, seed=n)
    line = fit_line(points, axis)  # type: ignore[arg-type]
    forwards = {"probit": stats.norm.ppf, "logit": lambda p: np.log(p / (1 - p)), "linear": np.asarray}
    expected = huber(forwards[axis](points.x), forwards[axis](points.y))
    assert (line.intercept[0], line.slope[0]) == pytest.approx(expected, abs=1e-6)


def test_a_draw_of_one_x_has_no_line_and_an_exact_line_is_exact() -> None:
    x = np.array([0.2, 0.4, 0.6])
    lines = fit_lines(Points(x, x / 2), "linear", np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    assert np.isnan(lines.slope[0])
    assert lines.slope[1] == pytest.approx(0.5)
    assert r_squared(Points(x, x / 2), fit_line(Points(x, x / 2), "linear")) == pytest.approx(1.0)


def test_a_line_needs_three_distinct_x() -> None:
    with pytest.raises(RecordError, match="3 with 2 distinct x values"):
        fit_line(Points(np.array([0.2, 0.2, 0.3]), np.array([0.1, 0.2, 0.3])), "probit")


def test_the_mean_difference_is_that_of_the_means() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.6, 0.1, 40), rng.normal(0.5, 0.05, 60)
    effect = mean_difference(first, second, seed=3)
    assert effect.value == pytest.approx(first.mean() - second.mean())
    welch = stats.ttest_ind(first, second, equal_var=False)
    assert effect.error == pytest.approx(effect.value / welch.statistic, rel=0.03)
    low, high = welch.confidence_interval(0.95)
    # Skewed families are allowed for: g (2 z^2 + 1) / 6 standard errors, with g the skewness of the difference where
    # both groups have 1.25, one to each side. The third cumulant of a mean of n is that of one over n^2.
    third = sum(1.25 * each.std(ddof=1) ** 3 / each.size**2 for each in (first, second))
    seen = stats.kstat(first, 3) / first.size**2 - stats.kstat(second, 3) / second.size**2
    below, above = (
        max(0.0, third + sign * seen) / (effect.value / welch.statistic) ** 3 * (2 * 1.959964**2 + 1) / 6 * effect.error
        for sign in (-1, 1)
    )
    assert effect.interval(0.95) == pytest.approx((low - below, high + above), abs=0.0015)


def test_a_small_group_and_a_large_one_have_the_degrees_of_welch() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(0.6, 0.1, 5), rng.normal(0.5, 0.1, 30)
    effect, welch = mean_difference(first, second, seed=4), stats.ttest_ind(first, second, equal_var=False)
    assert effect.sample.degrees == pytest.approx(welch.df, rel=0.05)
    assert effect.error == pytest.approx(effect.value / welch.statistic, rel=0.03)
    assert 5 < effect.sample.size < 30
    assert rank_sum_p(first, second) == pytest.approx(stats.mannwhitneyu(first, second).pvalue)


def test_two_groups_that_do_not_vary_have_the_degrees_of_equal_spread() -> None:
    effect = mean_difference(np.full(5, 0.6), np.full(9, 0.5), seed=1)
    equal = np.array([1 / 4, 1 / 8])
    assert effect.sample.degrees == pytest.approx(equal.sum() ** 2 / (equal**2 / [4, 8]).sum())
    assert effect.error == pytest.approx(0, abs=1e-12)


def test_the_same_seed_gives_the_same_draws_and_another_seed_others() -> None:
    first, second = np.arange(9) / 10, np.arange(7) / 10
    assert np.array_equal(mean_difference(first, second, seed=1).draws, mean_difference(first, second, seed=1).draws)
    assert not np.array_equal(
        mean_difference(first, second, seed=1).draws, mean_difference(first, second, seed=2).draws
    )


def test_the_residual_difference_is_the_mean_distance_from_the_others_line() -> None:
    lower, higher = cloud(40, seed=1), cloud(15, seed=2, lift=-0.1)
    effect = residual_difference(higher, lower, "probit", seed=0)
    intercept, slope = huber(stats.norm.ppf(lower.x), stats.norm.ppf(lower.y))
    by_hand = [
        y - stats.norm.cdf(intercept + slope * stats.norm.ppf(x)) for x, y in zip(higher.x, higher.y, strict=True)
    ]
    assert effect.value == pytest.approx(np.mean(by_hand), abs=1e-7)


def test_the_residual_interval_is_that_of_refits_in_a_plain_loop() -> None:
    lower, higher = cloud(25, seed=3), cloud(12, seed=4, lift=-0.2)
    effect = residual_difference(higher, lower, "probit", seed=0)
    rng, draws = np.random.default_rng(99), []
    for _ in range(200):
        one, other = rng.integers(lower.x.size, size=lower.x.size), rng.integers(higher.x.size, size=higher.x.size)
        intercept, slope = huber(stats.norm.ppf(lower.x[one]), stats.norm.ppf(lower.y[one]))
        expected = stats.norm.cdf(intercept + slope * stats.norm.ppf(higher.x[other]))
        draws.append((higher.y[other] - expected).mean())
    assert effect.draws.std() == pytest.approx(np.std(draws), rel=0.15)


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_correlations_are_scipys(method: str) -> None:
    rng = np.random.default_rng(5)
    x = np.round(rng.normal(size=30), 1)  # some of them tied
    y = x + rng.normal(size=30)
    result = (stats.spearmanr if method == "spearman" else stats.pearsonr)(x, y)
    assert correlation_of(x, y, method) == pytest.approx(result.statistic)  # type: ignore[arg-type]
    assert correlation_p(float(result.statistic), 30) == pytest.approx(result.pvalue)
    effect = correlation(Points(x, y), method, seed=1)  # type: ignore[arg-type]
    fisher = np.tanh(np.arctanh(result.statistic) + np.array([-1.96, 1.96]) / np.sqrt(27))
    assert effect.interval(0.95) == pytest.approx(fisher, abs=0.12)


def test_a_perfect_correlation_has_a_p_of_0() -> None:
    assert [correlation_p(value, 30) for value in (1.0, -1.0)] == [0.0, 0.0]
    assert stats.pearsonr(np.arange(30), -np.arange(30)).pvalue < 1e-200


def test_a_perfect_order_is_not_certain() -> None:
    low, high = correlation(Points(np.arange(8.0), np.arange(8.0) ** 3), "spearman", seed=0).interval(0.95)
    assert 0.4 < low < 0.95
    assert high == pytest.approx(1.0)
    with pytest.raises(RecordError, match="do not differ"):
        correlation(Points(np.arange(8.0), np.ones(8)), "pearson", seed=0)


@pytest.mark.parametrize("method", ["spearman", "pearson"])
@pytest.mark.parametrize("n", [4, 5, 8, 40])
@pytest.mark.parametrize("level", [0.95, 0.9999])
def test_the_interval_of_a_correlation_stays_in_its_bounds(method: str, n: int, level: float) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    effect = correlation(Points(x, x + rng.normal(size=n)), method, seed=2)  # type: ignore[arg-type]
    for each in (effect, Reversed(effect)):
        low, high = each.interval(level)
        assert -1 <= low <= each.value <= high <= 1
        assert low < high
    wider = effect.interval(1 - (1 - level) / 10)
    assert wider[0] <= effect.interval(level)[0]
    assert wider[1] >= effect.interval(level)[1]


def test_beyond_its_draws_a_correlation_has_fishers_interval() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    effect = correlation(Points(x, x + rng.normal(size=300)), "pearson", seed=1)
    reach = stats.t.isf(5e-6, 298)
    fisher = np.tanh(np.arctanh(effect.value) + reach * np.array([-1, 1]) / np.sqrt(297))
    assert effect.interval(1 - 1e-5) == pytest.approx(fisher, abs=0.03)


def test_protocols_3_tan_delta() -> None:
    assert tan_delta(1.20, 0.95) == pytest.approx(0.1168224299, abs=1e-10)
    assert tan_delta(1.20, 0.95) == pytest.approx(tan(atan(1.20) - atan(0.95)))
    assert tan_delta(0.95, 1.20) == pytest.approx(-0.1168224299, abs=1e-10)


def test_the_slope_difference_is_that_of_two_lines() -> None:
    first, second = cloud(30, seed=6, slope=1.2), cloud(25, seed=7, slope=0.95)
    slopes = [huber(stats.norm.ppf(each.x), stats.norm.ppf(each.y))[1] for each in (first, second)]
    effect = slope_difference(first, second, "probit", seed=0)
    assert effect.value == pytest.approx(slopes[0] - slopes[1], abs=1e-6)
    # Two lines have the degrees of both, as two means have: each of its models but two.
    spread = [effect.error for effect in (slope_difference(each, each, "probit", seed=1) for each in (first, second))]
    parts = np.array(spread) ** 2 / 2
    assert effect.sample.degrees == pytest.approx(parts.sum() ** 2 / (parts**2 / [28, 23]).sum(), rel=0.05)


@pytest.mark.parametrize("by", ["slope", "tan_delta"])
def test_how_much_more_two_lines_differ_is_that_of_four_lines_over_the_same_models(by: str) -> None:
    """Fig. 8: tan(delta) at one severity minus that at another, each draw of models in both."""
    x = [cloud(9, seed=1).x, cloud(7, seed=2).x]
    rng = np.random.default_rng(3)
    here, there = (
        [
            Points(each, slope * each + 0.02 * rng.standard_normal(each.size))
            for each, slope in zip(x, slopes, strict=True)
        ]
        for slopes in ((1.2, 0.8), (1.0, 0.95))
    )
    effect = slope_difference(*here, "linear", seed=5, by=by, beyond=tuple(there))  # type: ignore[arg-type]

    def contrast(pair: list[Points], rows: list[np.ndarray]) -> float:
        drawn = [Points(points.x[row], points.y[row]) for points, row in zip(pair, rows, strict=True)]
        first, second = (float(fit_line(points, "linear").slope[0]) for points in drawn)
        return tan(atan(first) - atan(second)) if by == "tan_delta" else first - second

    slopes = [[huber(points.x, points.y)[1] for points in pair] for pair in (here, there)]
    angles = [tan(atan(one) - atan(other)) if by == "tan_delta" else one - other for one, other in slopes]
    assert effect.value == pytest.approx(angles[0] - angles[1], abs=1e-6)
    draws = []
    while len(draws) < 150:
        rows = [rng.integers(0, each.size, each.size) for each in x]
        if min(np.unique(each[row]).size for each, row in zip(x, rows, strict=True)) > 2:
            draws.append(contrast(here, rows) - contrast(there, rows))
    assert np.percentile(effect.draws, [10, 50, 90]) == pytest.approx(np.percentile(draws, [10, 50, 90]), abs=0.08)


def test_residuals_beyond_those_of_another_quantity_share_their_draws() -> None:
    lower, higher = cloud(30, seed=1), cloud(12, seed=2, lift=-0.1)
    same = residual_difference(higher, lower, "probit", seed=0, beyond=(higher, lower))
    assert (same.value, same.error) == (0.0, 0.0)
    raised = Points(higher.x, higher.y + 0.05)
    effect = residual_difference(raised, lower, "probit", seed=0, beyond=(higher, lower))
    assert effect.value == pytest.approx(0.05)
    assert effect.error == pytest.approx(0.0, abs=1e-12)


def test_the_gap_is_the_largest_over_pairs_and_places() -> None:
    groups = [cloud(20, seed=8), cloud(25, seed=9, lift=-0.2), cloud(30, seed=10, slope=1.1)]
    gap, sure = line_gap(groups, "probit", seed=0)
    assert sure.error == gap.error
    low, high = max(each.x.min() for each in groups), min(each.x.max() for each in groups)
    lines = [huber(stats.norm.ppf(each.x), stats.norm.ppf(each.y)) for each in groups]
    places = np.linspace(stats.norm.ppf(low), stats.norm.ppf(high), 25)
    values = [[stats.norm.cdf(intercept + slope * place) for place in places] for intercept, slope in lines]
    pairs = product(range(3), range(3))
    by_hand = max(
        abs(values[one][place] - values[other][place]) for one, other in pairs for place in range(len(places))
    )
    assert gap.value == pytest.approx(by_hand, abs=1e-6)
    assert (gap.x_low, gap.x_high) == pytest.approx((low, high))
    one, other = gap.pair
    place = stats.norm.ppf(gap.x)
    distance = [stats.norm.cdf(lines[index][0] + lines[index][1] * place) for index in (one, other)]
    assert abs(distance[0] - distance[1]) == pytest.approx(by_hand, abs=1e-6)


def test_lines_without_common_x_are_not_compared() -> None:
    x = np.array([0.1, 0.2, 0.3])
    with pytest.raises(RecordError, match="no x in common"):
        line_gap([Points(x, x), Points(x + 0.5, x)], "linear", seed=0)


def test_matched_pairs_are_a_paired_t() -> None:
    rng = np.random.default_rng(11)
    before = rng.uniform(0.4, 0.7, 20)
    after = before + rng.normal(0.02, 0.02, 20)
    effect = matched_difference(before, after, seed=0)
    paired = stats.ttest_rel(after, before)
    assert effect.value == pytest.approx((after - before).mean())
    assert effect.interval(0.95) == pytest.approx(tuple(paired.confidence_interval(0.95)), abs=0.003)


def test_matched_residuals_subtract_what_the_line_expects_of_the_change() -> None:
    before = cloud(20, seed=12)
    x = before.x + 0.03
    intercept, slope = huber(stats.norm.ppf(before.x), stats.norm.ppf(before.y))
    expected = [stats.norm.cdf(intercept + slope * stats.norm.ppf(place)) for place in (*x, *before.x)]
    after = Points(x, before.y + np.array(expected[:20]) - np.array(expected[20:]) + 0.01)
    effect = matched_residual_difference(before, after, "probit", seed=0)
    assert effect.value == pytest.approx(0.01, abs=1e-6)


def test_where_the_draws_do_not_reach_students_t_takes_over() -> None:
    rng = np.random.default_rng(13)
    effect = Effect(0.0, rng.normal(size=1000), FamilySample(6, 5, (6 / 5) ** 0.5))
    narrow, wide = effect.interval(0.8), effect.interval(1 - 1e-6)
    assert wide[0] < effect.draws.min() < narrow[0]
    assert wide[1] > effect.draws.max() > narrow[1]
    further = 1.25 * (2 * stats.norm.ppf(5e-7) ** 2 + 1) / (6 * 6**0.5)
    assert wide[1] == pytest.approx(effect.error * (stats.t.ppf(1 - 5e-7, 5) + further))


def coverage(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


@pytest.mark.parametrize("n", [6, 12, 40])
def test_intervals_of_means_cover(n: int) -> None:
    rng = np.random.default_rng(n)
    hits = []
    for trial in range(100):
        first, second = rng.normal(0.55, 0.05, n), rng.normal(0.5, 0.1, n)
        low, high = mean_difference(first, second, seed=trial).interval(0.95)
        hits.append(low <= 0.05 <= high)
    assert 0.90 <= coverage(hits) <= 1.0


def test_intervals_of_residuals_and_slopes_cover() -> None:
    residuals, slopes = [], []
    for trial in range(40):
        lower, higher = cloud(15, seed=trial), cloud(12, seed=1000 + trial, slope=1.0, lift=-0.3)
        low, high = slope_difference(higher, lower, "probit", seed=trial).interval(0.95)
        slopes.append(low <= 0.1 <= high)
        same = cloud(12, seed=2000 + trial)
        low, high = residual_difference(same, lower, "probit", seed=trial).interval(0.95)
        residuals.append(low <= 0.0 <= high)
    assert coverage(residuals) >= 0.88
    assert coverage(slopes) >= 0.88


def test_equal_lines_are_seldom_shown_to_differ_and_never_surely_equal_when_few() -> None:
    gaps = [
        line_gap([cloud(10, seed=trial), cloud(12, seed=500 + trial)], "probit", seed=trial)[0] for trial in range(40)
    ]
    shown = [gap.interval(0.90)[0] > 0 for gap in gaps]
    assert coverage(shown) <= 0.12
    assert all(gap.interval(0.95)[1] > gap.value for gap in gaps)
