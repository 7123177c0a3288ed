"""Intervals where samples are few or hardly vary: how often they hold a truth that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sample_makers import detection_samples
from sample_makers import samples as make_samples

from robustcheck.errors import DataError
from robustcheck.stats.intervals import covariance, score_interval, score_intervals
from robustcheck.values import Samples

Rng = np.random.Generator


def graded(sizes: list[int], shares: list[float], rng: Rng) -> Samples:
    """Draw images of classes of these sizes, of which these shares are right."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return make_samples(rng.random(groups.size) < np.array(shares)[groups], groups.tolist(), statistic="group_mean")


# --- means over classes -----------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[2] * 60, [2, 3, 8] * 20, [2] * 55 + [40] * 5])
def test_means_over_classes_of_few_images_cover(sizes) -> None:
    """Of 250 trials at 95%, 229 and fewer would be a chance of 1 in 100."""
    shares, rng = np.linspace(0.3, 0.95, len(sizes)).tolist(), np.random.default_rng(2)
    intervals = [score_interval(graded(sizes, shares, rng)) for _ in range(250)]
    assert sum(low <= np.mean(shares) <= high for low, high in intervals) >= 230


def test_the_variance_of_a_mean_over_classes_is_right_on_average() -> None:
    rng, sizes, shares = np.random.default_rng(2), [2, 3, 4, 30], [0.5, 0.7, 0.4, 0.9]
    found = [covariance(each, each) for each in (graded(sizes, shares, rng) for _ in range(2_000))]
    truth = sum(p * (1 - p) / n for p, n in zip(shares, sizes, strict=True)) / 16
    assert np.mean(found) == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize("sizes", [[1] * 30, [1, 20, 30]])
def test_a_class_of_one_image_is_refused_with_what_to_do(sizes) -> None:
    scored = graded(sizes, [0.5] * len(sizes), np.random.default_rng(3))
    with pytest.raises(DataError, match="groups have one sample") as caught:
        score_interval(scored)
    assert "such as top1" in caught.value.fix


def test_clusters_decide_what_is_one_of_a_class() -> None:
    """Two frames of one video are one image as far as chance goes."""
    scored = replace(graded([4, 4], [0.5, 0.5], np.random.default_rng(3)), clusters=np.arange(8) // 4)
    with pytest.raises(DataError, match="2 of 2 groups have one sample"):
        score_interval(scored)


def test_false_positives_of_classes_of_few_images_cover() -> None:
    """Forty classes of three; the threshold rests on many others, so that the classes alone are at stake."""
    truth, trials = 0.5576, [detection_samples(2_000, 120, 40, seed, "group_fpr95") for seed in range(60)]
    assert sum(low <= truth <= high for low, high in map(score_interval, trials)) >= 53


def test_false_positives_of_a_class_of_one_image_are_refused() -> None:
    with pytest.raises(DataError, match="3 of 3 groups have one sample"):
        score_interval(detection_samples(50, 3, 3, statistic="group_fpr95"))


# --- calibration ------------------------------------------------------------------------------------


def spread_out(rng: Rng, n: int) -> np.ndarray:
    return 0.15 + 0.85 * rng.beta(5, 2, size=n)


def nearly_sure(rng: Rng, n: int) -> np.ndarray:
    return 1 - 0.3 * rng.beta(1, 8, size=n)


def always_90(rng: Rng, n: int) -> np.ndarray:
    return np.full(n, 0.9)


@pytest.mark.parametrize("statistic", ["ece", "ece_mass"])
@pytest.mark.parametrize("confidences", [spread_out, nearly_sure, always_90])
@pytest.mark.parametrize("n", [60, 1_000])
def test_a_calibrated_model_is_rarely_shown_to_be_anything_else(
    n: int, confidences: Callable[[Rng, int], np.ndarray], statistic: str
) -> None:
    """At a true error of 0 only the lower end can miss: at 95% in 2.5% of trials, at 99% in one of 200."""
    missed = np.zeros(2)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        sure = confidences(rng, n)
        at = score_intervals(make_samples(sure, correct=rng.random(n) < sure, statistic=statistic))
        missed += [at(0.95)[0] > 0, at(0.99)[0] > 0]
    assert missed[0] <= 8
    assert missed[1] <= 3


@pytest.mark.parametrize("right", [1.0, 0.97, 0.9, 0.7])
def test_the_interval_of_ece_at_one_confidence_is_about_that_of_the_accuracy(right) -> None:
    """With every confidence .9 the error is |accuracy - .9|, so that its interval is the accuracy's, moved."""
    correct = np.arange(300) < round(300 * right)
    for sure in (0.9, np.nextafter(0.9, 1), 0.7 + 0.2):
        low, high = score_interval(make_samples(np.full(300, sure), correct=correct, statistic="ece"))
        error = (right * (1 - right) / 300) ** 0.5
        assert low <= abs(right - 0.9) <= high
        assert low == pytest.approx(max(0.0, abs(right - 0.9) - 1.96 * error), abs=0.03)
        assert high > abs(right - 0.9) + error


@pytest.mark.parametrize(("sure", "right"), [(0.95, 0.9), (0.7, 0.99), (0.99, 0.94)])
def test_ece_at_one_confidence_covers(sure: float, right: float) -> None:
    rng, held = np.random.default_rng(4), 0
    for _ in range(200):
        scored = make_samples(np.full(150, sure), correct=rng.random(150) < right, statistic="ece")
        low, high = score_interval(scored)
        held += low <= abs(sure - right) <= high
    assert held >= 184


# --- losses -----------------------------------------------------------------------------------------


def test_what_is_never_negative_has_no_negative_interval() -> None:
    """Of few losses of which some are large, an interval that is as wide as it must be would go below 0."""
    losses = np.r_[np.zeros(3), 0.1, 2.0, 3.0]
    low, high = score_interval(make_samples(losses))
    assert low == 0.0
    assert high > losses.mean()
    assert score_interval(make_samples(losses - 1))[0] < -1
    assert score_interval(make_samples(np.full(30, 0.01)))[0] == 0.0


def test_a_weighted_sum_may_be_negative_where_a_weight_is() -> None:
    rng = np.random.default_rng(5)
    rises = make_samples(rng.random(40), weights=np.full(40, 1 / 40), statistic="weighted_sum")
    assert score_interval(replace(rises, scores=np.full(40, 0.01)))[0] == 0.0
    assert score_interval(replace(rises, weights=np.where(np.arange(40) < 20, 1, -1) / 40))[0] < 0


def test_losses_cover() -> None:
    rng, held = np.random.default_rng(6), 0
    for _ in range(80):
        low, high = score_interval(make_samples(rng.exponential(size=200) ** 1.5))
        held += low <= 1.3293 <= high
    assert held >= 69  # of skewed losses percentiles hold the truth in 92 to 93% of cases
