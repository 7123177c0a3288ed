"""How the false alarms of one look are spent over many, against the normal distribution of scipy and known sums."""

from __future__ import annotations

from math import pi

import pytest
from scipy.stats import norm

from robustcheck.stats.spending import even_share, ever_red, open_share, price


@pytest.mark.parametrize("looks", [1, 7, 100])
def test_even_shares_add_up_to_the_whole(looks: int) -> None:
    assert sum(even_share(looks) for _ in range(looks)) == pytest.approx(1)


def test_open_shares_never_add_up_to_more_than_the_whole() -> None:
    """The sum of 1/k^2 beyond K lies between 1/(K + 1) and 1/K."""
    spent = sum(map(open_share, range(1, 1_001)))
    assert 1 - 6 / pi**2 / 1_000 < spent < 1 - 6 / pi**2 / 1_001
    assert [open_share(k) for k in (1, 2, 10)] == pytest.approx([0.607927, 0.151982, 0.00607927], rel=1e-5)


@pytest.mark.parametrize(("checks", "share"), [(20, 1 / 100), (5, 1 / 20), (1, open_share(365))])
def test_the_price_is_the_ratio_of_two_detectable_drops(checks: int, share: float) -> None:
    alpha = 0.05 / checks
    expected = (norm.isf(alpha * share) + norm.ppf(0.8)) / (norm.isf(alpha) + norm.ppf(0.8))
    assert price(alpha, share) == pytest.approx(expected, rel=1e-9)


def test_twenty_checks_over_a_hundred_looks_cost_a_third() -> None:
    assert price(0.05 / 20, even_share(100)) == pytest.approx(1.34, abs=0.005)


def test_many_looks_at_one_level_are_seldom_all_green() -> None:
    assert (ever_red(20), ever_red(100)) == pytest.approx((0.6415, 0.9941), abs=5e-5)
