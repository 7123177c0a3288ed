"""Cells that share units two ways: their error against statsmodels, and intervals that hold what is true."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from robustcheck.stats.correlation import correlation
from robustcheck.stats.crossed_ways import Crossed, Reversed, crossed_error, over_ways
from robustcheck.stats.group_effects import (
    local_difference,
    matched_difference,
    matched_residual_difference,
    mean_difference,
    residual_difference,
    slope_difference,
)
from robustcheck.stats.line_gap import line_gap
from robustcheck.stats.lines import Points
from robustcheck.stats.model_families import Families, cross_families, separate


def cells(rows: int, columns: int, rng: np.random.Generator, each: int = 2) -> tuple[Families, np.ndarray]:
    """Return the cells of a table and their changes, which rows and columns share."""
    row, column = np.divmod(np.arange(rows * columns).repeat(each), columns)
    change = rng.normal(0, 1, rows)[row] + rng.normal(0, 1, columns)[column] + rng.normal(0, 0.5, row.size)
    return cross_families(list(zip(row.astype(str), column.astype(str), strict=True))), change


def measured(families: Families, change: np.ndarray) -> Crossed:
    effect = matched_difference(np.zeros(change.size), change, seed=0, families=families)
    assert isinstance(effect, Crossed)
    return effect


@pytest.mark.parametrize("seed", [1, 2])
def test_the_error_is_that_of_two_way_clusters(seed: int) -> None:
    families, change = cells(7, 6, np.random.default_rng(seed))
    fitted = OLS(change, np.ones_like(change)).fit()
    both, *one_way = cov_cluster_2groups(fitted, families.ways[0], families.ways[1], use_correction=True)
    variance = max(float(each[0, 0]) for each in (both, *one_way[:2]))
    assert measured(families, change).error == pytest.approx(variance**0.5, rel=0.03)


def test_nested_units_are_those_of_the_coarser_way() -> None:
    """Two cells of a lot are always of one place: the place is what cells share."""
    rng = np.random.default_rng(3)
    lots = np.arange(12).repeat(2)
    change = rng.normal(size=4)[lots // 3] + rng.normal(size=24)
    crossed = measured(cross_families(list(zip(lots // 3, lots, strict=True))), change)  # type: ignore[arg-type]
    places = matched_difference(np.zeros(24), change, seed=0, families=Families(lots // 3))
    assert crossed.error == pytest.approx(places.error, rel=0.03)
    assert crossed.interval(0.95) == pytest.approx(places.interval(0.95), rel=0.05)


def test_an_error_is_at_least_the_larger_one_way() -> None:
    assert crossed_error([(1, 0.3), (1, 0.1), (2, 0.4)]) == pytest.approx(0.3)
    three_ways = [(1, 3.0), (1, 3.0), (1, 3.0), (2, 2.0), (2, 2.0), (2, 2.0), (3, 1.0)]
    assert crossed_error(three_ways) == pytest.approx((27 - 12 + 1) ** 0.5)


def test_false_claims_about_cells_are_rare() -> None:
    """Of 30 tables without a change 2.5% may be shown to have one: 4 or more happen in 1 of 150 such tests.

    As 36 crossings 36% would be, as the error of the mean is 2.4 times theirs: fewer than 4 in 1 of 1,500 tests.
    """
    held = 0
    for seed in range(30):
        low, high = measured(*cells(6, 6, np.random.default_rng([6, seed]))).interval(0.95)
        held += low > 0 or high < 0
    assert held < 4


def test_every_statistic_of_cells_is_clustered_along_each_way() -> None:
    rng = np.random.default_rng(4)
    families, change = cells(6, 5, rng)
    x = rng.uniform(0.4, 0.7, change.size)
    one, other = (Points(x + off, 0.1 + 0.8 * x + 0.01 * change, families) for off in (0.0, 0.01))
    effects = (
        mean_difference(one.y, other.y, seed=0, families=(families, families)),
        residual_difference(one, other, "linear", seed=0),
        local_difference(one, other, 0.05, seed=0),
        slope_difference(one, other, "linear", seed=0),
        matched_residual_difference(one, other, "linear", seed=0),
        matched_residual_difference(one, other, "linear", seed=0, line=other),
        correlation(one, "spearman", seed=0),
        line_gap([one, other], "linear", seed=0)[1],
    )
    for effect in effects:
        assert isinstance(effect, Crossed)
        assert effect.error >= max(way.error for way in effect.ways)
        low, high = effect.interval(0.95)
        assert low <= effect.value <= high
        assert Reversed(effect).interval(0.95) == (-high, -low)


def test_families_that_do_not_cross_are_measured_once() -> None:
    asked: list[tuple[Families, ...]] = []

    def measure(*families: Families) -> Reversed:
        asked.append(families)
        return Reversed(Crossed(1.0, (), 0.5))

    assert over_ways(measure, separate(5), separate(6)).value == -1.0
    assert len(asked) == 1
