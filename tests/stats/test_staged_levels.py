"""Levels of stages: against published boundaries, against an integration of another kind, and by simulation."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from robustcheck.stats.staged_levels import LEAST, level_at, nominal_levels, overall_p, spend
from robustcheck.values.stages import LAST, SHARES

NORMAL = NormalDist()


def bounds(alpha: float, shares: tuple[float, ...] = SHARES, least: float = LEAST) -> list[float]:
    return [-NORMAL.inv_cdf(level) for level in nominal_levels(alpha, shares, least)]


@pytest.mark.parametrize(
    ("alpha", "published"),
    [
        # Five equal steps, one-sided: as ldbounds and gsDesign give them for Lan and DeMets' spending function.
        (0.025, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        (0.05, [4.2292, 2.8881, 2.2981, 1.9618, 1.7397]),
    ],
)
def test_five_equal_looks_have_the_published_bounds(alpha: float, published: list[float]) -> None:
    assert bounds(alpha, (0.2, 0.4, 0.6, 0.8, 1.0), 0.0) == pytest.approx(published, abs=2e-4)


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.005, 0.00025])
def test_all_stages_together_come_to_the_level(alpha: float) -> None:
    shares = np.array(SHARES)
    correlated = np.sqrt(np.minimum.outer(shares, shares) / np.maximum.outer(shares, shares))
    never = multivariate_normal(np.zeros(len(shares)), correlated, seed=0).cdf(bounds(alpha))
    assert 1 - never == pytest.approx(alpha, rel=0.01)


def test_early_stages_spend_next_to_nothing_and_the_last_nearly_all() -> None:
    levels = nominal_levels(0.05)
    assert list(levels) == sorted(levels)
    assert levels[0] >= LEAST * 0.99
    assert levels[0] < 1e-8
    assert 0.047 < levels[LAST] < 0.05
    assert spend(0.05, 1.0) == pytest.approx(0.05)


def test_a_look_at_everything_has_the_level_itself() -> None:
    assert level_at(0.01, None) == 0.01
    assert overall_p(0.3, None) == 0.3


@pytest.mark.parametrize("stage", range(LAST + 1))
@pytest.mark.parametrize("alpha", [0.04, 0.001])
def test_the_p_of_all_stages_is_the_level_that_just_fails(stage: int, alpha: float) -> None:
    level = level_at(alpha, stage)
    p = overall_p(level, stage)
    assert p <= alpha * 1.001
    assert level_at(p, stage) == pytest.approx(level, rel=1e-3)
    if stage > 2:
        # Before, the least that is spent decides, whatever the level.
        assert p == pytest.approx(alpha, rel=1e-3)
    assert overall_p(0.6, stage) == 0.6


def test_no_level_of_the_whole_check_has_a_large_level_early_on() -> None:
    """At the first stage even a check of level 0.5 is decided at far less than 0.3."""
    assert level_at(0.5, 0) < 0.3
    assert overall_p(0.3, 0) == 1.0


def test_a_p_below_all_that_is_resolved_is_the_smallest_that_is() -> None:
    assert overall_p(1e-15, LAST) == 1e-9
    assert overall_p(0.0, None) == 0.0


def test_a_model_at_its_limit_crosses_any_bound_as_seldom_as_the_level_says() -> None:
    rng, trials = np.random.default_rng(0), 40_000
    steps = np.diff([0.0, *SHARES])
    paths = rng.normal(size=(trials, len(SHARES))) * np.sqrt(steps)
    z = paths.cumsum(axis=1) / np.sqrt(SHARES)
    crossed = (z > np.array(bounds(0.05))).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / trials) ** 0.5)
