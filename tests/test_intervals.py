"""Intervals against statsmodels, scipy and the reference numbers (PROTOCOLS section 15)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from statsmodels.stats.proportion import proportion_confint

from robustcheck.records import Samples
from robustcheck.stats.intervals import (
    clopper_pearson_interval,
    covariance,
    proportion_interval,
    sample_weights,
    score_interval,
    wilson_interval,
    z_value,
)


def samples(scores: np.ndarray, groups: np.ndarray | None = None, aggregate: str = "mean") -> Samples:
    n = len(scores)
    groups = np.zeros(n, np.int64) if groups is None else groups
    return Samples(np.arange(n).astype(str), np.asarray(scores, float), groups, aggregate)  # type: ignore[arg-type]


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


def test_no_samples_give_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        wilson_interval(0, 0)
    with pytest.raises(ValueError, match="at least one sample"):
        sample_weights(samples(np.array([])))


def test_bootstrap_of_a_mean_agrees_with_scipy() -> None:
    rng = np.random.default_rng(3)
    scores = rng.beta(2, 5, size=400)
    ours = score_interval(samples(scores), seed=1)
    theirs = bootstrap((scores,), np.mean, n_resamples=10_000, method="percentile", rng=rng).confidence_interval
    assert ours == pytest.approx(tuple(theirs), abs=1.5e-3)


def test_bootstrap_of_a_mean_over_groups_matches_its_variance() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(5), [20, 40, 60, 80, 200])
    scores = (rng.random(400) < np.linspace(0.3, 0.9, 5)[groups]).astype(float)
    grouped = samples(scores, groups, "group_mean")
    recalls = [scores[groups == label].mean() for label in range(5)]
    variance = sum(p * (1 - p) / n for p, n in zip(recalls, [20, 40, 60, 80, 200], strict=True)) / 25
    assert covariance(grouped, grouped) == pytest.approx(variance, rel=1e-9)
    low, high = score_interval(grouped, seed=5)
    assert (high - low) / 2 == pytest.approx(1.96 * variance**0.5, rel=0.05)
    assert low < np.mean(recalls) < high


def test_the_seed_decides_the_bootstrap() -> None:
    scores = samples(np.random.default_rng(0).random(200))
    assert score_interval(scores, seed=7) == score_interval(scores, seed=7)
    assert score_interval(scores, seed=7) != score_interval(scores, seed=8)


def test_covariance_is_that_of_the_means() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(500), rng.random(500)
    second = 0.5 * first + 0.5 * second
    expected = np.cov(first, second, ddof=0)[0, 1] / 500
    assert covariance(samples(first), samples(second)) == pytest.approx(expected, rel=1e-9)


def test_z_value() -> None:
    assert z_value(0.95) == pytest.approx(norm.ppf(0.975))
