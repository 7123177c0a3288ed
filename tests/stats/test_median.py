"""The median: its value, its interval from order statistics, and its replicates."""

from __future__ import annotations

import numpy as np
import pytest
from sample_makers import samples
from scipy.stats import binom

from robustcheck.errors import DataError
from robustcheck.stats.intervals import score_interval
from robustcheck.stats.median import MEDIAN
from robustcheck.stats.statistics import value_of


def drawn(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).exponential(size=n)


@pytest.mark.parametrize("n", [1, 2, 7, 10])
def test_the_value_is_the_lower_median(n: int) -> None:
    scores = drawn(n)
    assert value_of(samples(scores, statistic="median")) == np.quantile(scores, 0.5, method="lower")


def test_the_interval_lies_between_the_order_statistics_of_conover() -> None:
    """For n = 20 the 95% interval is from the 6th to the 15th: P(6 <= B < 15) = .9586 at p = 1/2."""
    scores = drawn(20)
    ranked = np.sort(scores)
    assert score_interval(samples(scores, statistic="median")) == (ranked[5], ranked[14])
    assert binom.cdf(14, 20, 0.5) - binom.cdf(5, 20, 0.5) == pytest.approx(0.9586, abs=1e-4)


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    held = 0
    for seed in range(400):
        low, high = score_interval(samples(drawn(25, seed), statistic="median"))
        held += low <= np.log(2) <= high
    assert held / 400 > 0.93


def test_twelve_samples_have_an_interval_at_the_level_of_a_large_suite_and_fewer_are_refused() -> None:
    """All of 12 lie above the true median in one case of 4,096."""
    scores = drawn(12)
    assert score_interval(samples(scores, statistic="median"), 1 - 2 * 2**-12) == (scores.min(), scores.max())
    with pytest.raises(DataError, match="11 samples: the median of so few has no interval"):
        score_interval(samples(scores[:11], statistic="median"))


def test_replicates_are_medians_of_resamples() -> None:
    scored = samples(drawn(9), statistic="median")
    counts = np.array([[1] * 9, [9, *[0] * 8], [0, 4, 0, 0, 5, 0, 0, 0, 0]])
    expected = [np.quantile(np.repeat(scored.scores, row), 0.5, method="lower") for row in counts]
    np.testing.assert_array_equal(MEDIAN.counted(scored)(counts), expected)


def test_the_influence_has_the_asymptotic_variance() -> None:
    """Var = 1 / (4 n f(m)^2), for an exponential distribution f(m) = 1/2 and so 1/n."""
    scored = samples(drawn(4000), statistic="median")
    influence = MEDIAN.influence(scored)
    assert influence @ influence == pytest.approx(1 / 4000, rel=0.25)


def test_clustered_samples_are_resampled_by_cluster() -> None:
    scores = np.repeat(drawn(40), 5)
    alone = samples(scores, statistic="median")
    together = samples(scores, statistic="median", clusters=np.repeat(np.arange(40), 5))
    widths = [np.diff(score_interval(each))[0] for each in (alone, together)]
    assert widths[1] > 1.5 * widths[0]


def test_no_samples_have_no_median() -> None:
    with pytest.raises(DataError, match="no samples"):
        value_of(samples([], statistic="median"))
