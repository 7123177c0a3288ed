"""Families as the sample: draws, effective numbers, weighted medians and ranks against plain expansions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from robustcheck.stats.correlation import correlation_of
from robustcheck.stats.family_spread import family_error, family_skew
from robustcheck.stats.group_effects import local_difference, mean_difference
from robustcheck.stats.lines import Points, fit_draws, fit_line, fit_lines
from robustcheck.stats.model_families import Families, number_families, separate


def test_families_are_drawn_whole() -> None:
    families = number_families(["a", "b", "a", "c"])
    draws = families.draw(np.random.default_rng(0), 500)
    assert draws.shape == (500, 4)
    assert np.array_equal(draws[:, 0], draws[:, 2])
    assert (draws[:, 0] + draws[:, 1] + draws[:, 3] == 3).all()
    assert draws.mean(axis=0) == pytest.approx(np.ones(4), abs=0.15)


def test_the_effective_number_is_that_of_equal_families() -> None:
    assert number_families(["a", "a", "b", "b"]).effective == pytest.approx(2)
    assert Families(np.repeat([0, 1], [9, 1])).effective == pytest.approx(100 / 82)


def test_the_families_kept_are_numbered_without_a_gap() -> None:
    families = number_families(["a", "b", "a", "c"]).of(np.array([True, False, True, True]))
    assert families.index.tolist() == [0, 0, 1]
    assert families.count == 2


def test_counts_are_rows_that_come_so_often() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0.2, 0.8, 12)
    y = 0.8 * x + rng.normal(0, 0.05, 12)
    counts = rng.integers(0, 4, size=(30, 12)).astype(float)
    together = fit_lines(Points(x, y), "linear", counts)
    for row, often in enumerate(counts.astype(int)):
        alone = fit_line(Points(np.repeat(x, often), np.repeat(y, often)), "linear")
        assert together.slope[row] == pytest.approx(alone.slope[0], abs=1e-6)
        assert together.intercept[row] == pytest.approx(alone.intercept[0], abs=1e-6)


@pytest.mark.parametrize("families", [1, 2, 5, 12, 40])
def test_a_distinct_draw_is_fitted_once_and_counts_as_often_as_it_was_drawn(families: int) -> None:
    rng = np.random.default_rng(families)
    x = rng.uniform(0.2, 0.8, 2 * families)
    points = Points(x, 0.8 * x + rng.normal(0, 0.05, x.size), Families(np.repeat(np.arange(families), 2)))
    draws = points.families.draw(rng, 300)
    first, which = points.families.distinct(draws)
    assert (draws[first][which] == draws).all()
    assert first.size == len(np.unique(draws, axis=0))
    one_by_one, together = fit_lines(points, "linear", draws, 1e-10), fit_draws(points, "linear", draws)
    assert together.slope == pytest.approx(one_by_one.slope, abs=1e-5, nan_ok=True)
    assert together.intercept == pytest.approx(one_by_one.intercept, abs=1e-5, nan_ok=True)


def test_the_error_of_a_difference_is_that_of_family_means() -> None:
    """Of families of one size, the cluster bootstrap is the t test of their means."""
    rng = np.random.default_rng(2)
    values = [rng.normal(0, 1, families)[:, None] + rng.normal(0, 0.2, (families, 4)) for families in (12, 9)]
    groups = tuple(Families(np.repeat(np.arange(each.shape[0]), 4)) for each in values)
    effect = mean_difference(values[0].ravel(), values[1].ravel(), seed=0, families=groups)  # type: ignore[arg-type]
    means = [each.mean(axis=1) for each in values]
    errors = [np.sqrt(each.var() / each.size) for each in means]
    assert effect.draws.std() == pytest.approx(np.hypot(*errors), rel=0.05)
    welch = stats.ttest_ind(*means, equal_var=False)
    assert effect.sample.degrees == pytest.approx(welch.df, rel=0.05)
    assert effect.error == pytest.approx(abs(effect.value / welch.statistic), rel=0.03)
    alone = mean_difference(values[0].ravel(), values[1].ravel(), seed=0)
    assert effect.error > 1.7 * alone.error


@pytest.mark.parametrize(("families", "rows"), [(5, [1, 1, 1, 1, 1]), (8, [7, 1, 2, 1, 3, 1, 1, 1])])
def test_false_claims_are_rare_whatever_the_sizes_of_families(families: int, rows: list[int]) -> None:
    """Nominal is 2.5%: of 200 seeded trials 5; 14 or more come in 1 of 1,000 honest tests."""
    rng, held = np.random.default_rng(families), 0
    index = np.repeat(np.arange(families), rows)
    for _ in range(200):
        one, other = (rng.normal(0, 2, families)[index] + rng.normal(0, 1, index.size) for _ in range(2))
        effect = mean_difference(one, other, seed=1, families=(Families(index), Families(index)))
        held += effect.interval(0.95)[0] > 0
    assert held < 14


def test_ranks_of_a_draw_are_those_of_the_models_in_it() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 6, 20).astype(float), rng.normal(size=20)
    assert correlation_of(x, y, "spearman") == pytest.approx(stats.spearmanr(x, y).statistic)
    twice = np.repeat(np.arange(20), rng.integers(1, 3, 20))
    assert correlation_of(x[twice], y[twice], "spearman") == pytest.approx(
        stats.spearmanr(x[twice], y[twice]).statistic
    )


def test_local_matching_leaves_out_what_has_no_neighbour() -> None:
    higher = Points(np.array([0.50, 0.60, 0.90]), np.array([0.40, 0.55, 0.99]))
    lower = Points(np.array([0.49, 0.505, 0.70]), np.array([0.30, 0.34, 0.50]))
    effect = local_difference(higher, lower, 0.011, seed=0)
    assert effect.value == pytest.approx(0.40 - 0.32)


def test_the_family_error_is_that_of_refits_without_each_family() -> None:
    rng = np.random.default_rng(4)
    index = np.repeat(np.arange(6), 3)
    x = rng.uniform(0.3, 0.8, 18)
    y = 0.7 * x + rng.normal(0, 0.03, 6)[index] + rng.normal(0, 0.01, 18)
    points, squares = Points(x, y, Families(index)), []
    for family in range(6):
        kept = index != family
        line = fit_line(Points(x[kept], y[kept]), "linear")
        squares.append(((y - line.at(x))[~kept] ** 2).mean())
    assert family_error(points, "linear") == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-6)
    alone = family_error(Points(x, y), "linear")
    assert family_error(points, "linear") > alone


def test_skew_by_family_is_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(5)
    index = np.r_[np.repeat(np.arange(5), 4), 5]
    x = rng.uniform(0.3, 0.8, 21)
    noise = rng.normal(0, 0.01, 21)
    lifted = Points(x, 0.7 * x + 0.1 + noise + np.array([0, 0, 0, 0, 0.06, 0])[index])
    apart = family_skew(lifted.y - fit_line(lifted, "linear").at(x), Families(index))
    assert apart is not None
    assert apart.p_value < 1e-4
    assert apart.highest == 4
    assert apart.above > 0.03
    together = family_skew(noise, Families(index))
    assert together is not None
    assert together.p_value > 0.01
    assert family_skew(noise, separate(21)) is None


def test_families_without_spread_inside_are_apart_or_all_alike() -> None:
    """The analysis of variance divides by what varies inside: nothing here."""
    index = np.repeat(np.arange(3), 2)
    apart = family_skew(np.array([0.25, 0.75, 0.25])[index], Families(index))
    assert apart is not None
    assert (apart.p_value, apart.highest) == (0.0, 1)
    alike = family_skew(np.zeros(6), Families(index))
    assert alike is not None
    assert np.isnan(alike.p_value)
