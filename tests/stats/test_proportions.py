"""Intervals of a proportion against statsmodels and the reference numbers (PROTOCOLS section 15)."""

from __future__ import annotations

import doctest

import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from robustcheck.stats import proportions
from robustcheck.stats.proportions import (
    clopper_pearson_interval,
    proportion_interval,
    share_variance,
    wilson_interval,
    z_value,
)


def test_reference_numbers_of_wilson_and_clopper_pearson() -> None:
    assert wilson_interval(50, 100) == pytest.approx((0.40383, 0.59617), abs=5e-6)
    assert clopper_pearson_interval(50, 100) == pytest.approx((0.39832, 0.60168), abs=5e-6)
    assert clopper_pearson_interval(80, 100, 0.995) == pytest.approx((0.667508, 0.897989), abs=1e-6)


@pytest.mark.parametrize(("k", "n"), [(0, 40), (1, 40), (17, 150), (600, 600), (9_950, 10_000)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.995])
def test_agree_with_statsmodels(k: int, n: int, level: float) -> None:
    wilson = proportion_confint(k, n, alpha=1 - level, method="wilson")
    exact = proportion_confint(k, n, alpha=1 - level, method="beta")
    assert wilson_interval(k, n, level) == pytest.approx(wilson, abs=1e-12)
    assert clopper_pearson_interval(k, n, level) == pytest.approx(exact, abs=1e-9)


def test_the_exact_interval_serves_at_the_edges() -> None:
    assert proportion_interval(1.0, 500) == clopper_pearson_interval(500, 500)
    assert proportion_interval(0.5, 60) == clopper_pearson_interval(30, 60)
    assert proportion_interval(0.5, 600) == wilson_interval(300, 600)
    assert proportion_interval(596 / 600, 600) == clopper_pearson_interval(596, 600)
    assert proportion_interval(595 / 600, 600) == wilson_interval(595, 600)


def test_no_trials_give_no_interval() -> None:
    for interval in (wilson_interval, clopper_pearson_interval):
        with pytest.raises(ValueError, match="at least one sample"):
            interval(0, 0)


def test_z_value() -> None:
    assert z_value(0.95) == pytest.approx(norm.ppf(0.975))


def test_a_share_of_0_or_1_is_not_certain() -> None:
    for value in (0.0, 1.0):
        assert share_variance(value, 99) == pytest.approx(0.005 * 0.995 / 99)


def test_doctests() -> None:
    results = doctest.testmod(proportions)
    assert results.failed == 0
    assert results.attempted >= 3
