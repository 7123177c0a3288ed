"""Intervals of values against scipy and the reference numbers (PROTOCOLS section 15)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_makers import NAMES, detection_samples, draw_samples, protocols_15
from sample_makers import samples as make_samples
from scipy.stats import bootstrap, norm

from robustcheck.errors import DataError
from robustcheck.stats.calibration_error import ECE, ECE_MASS
from robustcheck.stats.intervals import covariance, score_interval, score_intervals, shared_covariance
from robustcheck.stats.proportions import clopper_pearson_interval, proportion_interval, z_value
from robustcheck.stats.resampling import percentile_interval
from robustcheck.stats.statistics import statistic_named, value_of
from robustcheck.values import Samples


def samples(scores: np.ndarray, groups: np.ndarray | None = None, statistic: str = "mean") -> Samples:
    n = len(scores)
    groups = np.zeros(n, np.int64) if groups is None else groups
    return Samples(np.arange(n).astype(str), np.asarray(scores, float), groups, statistic)  # type: ignore[arg-type]


def test_no_samples_give_no_interval() -> None:
    with pytest.raises(DataError, match="no samples"):
        score_interval(samples(np.array([])))


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
    variance = sum(p * (1 - p) / n for p, n in zip(recalls, [19, 39, 59, 79, 199], strict=True)) / 25
    assert covariance(grouped, grouped) == pytest.approx(variance, rel=1e-9)
    low, high = score_interval(grouped, seed=5)
    assert (high - low) / 2 == pytest.approx(1.96 * variance**0.5, rel=0.05)
    assert low < np.mean(recalls) < high


def test_the_seed_decides_the_bootstrap() -> None:
    scores = samples(np.random.default_rng(0).exponential(size=30) ** 2)
    assert score_interval(scores, seed=7) == score_interval(scores, seed=7)
    assert score_interval(scores, seed=7) != score_interval(scores, seed=8)


def test_covariance_is_that_of_the_means() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random(500), rng.random(500)
    second = 0.5 * first + 0.5 * second
    expected = np.cov(first, second, ddof=0)[0, 1] / 500
    assert covariance(samples(first), samples(second)) == pytest.approx(expected, rel=1e-9)


def test_protocols_15_auroc_interval_is_symmetric_on_the_logit_scale() -> None:
    """The vector has z = 1.96; with the exact quantile the lower end is .380900."""
    assert score_interval(protocols_15()[0]) == pytest.approx((0.38089, 0.97306), abs=1.5e-5)
    level = 2 * norm.cdf(1.96) - 1
    assert score_interval(protocols_15()[0], level) == pytest.approx((0.38089, 0.97306), abs=5e-6)


def test_protocols_15_the_wald_interval_would_leave_the_range() -> None:
    variance = covariance(protocols_15()[0], protocols_15()[0])
    assert 0.825 - 1.959964 * variance**0.5 == pytest.approx(0.5310, abs=5e-5)
    assert 0.825 + 1.959964 * variance**0.5 == pytest.approx(1.1190, abs=5e-5)


def test_a_perfect_auroc_is_not_certain() -> None:
    perfect = make_samples([3.0, 4.0, 5.0, 6.0, 1.0, 2.0, 2.0], [-1] * 4 + [0] * 3, statistic="auroc")
    assert covariance(perfect, perfect) == 0
    assert score_interval(perfect) == clopper_pearson_interval(3, 3)
    grouped = replace(perfect, groups=np.array([-1, -1, -1, -1, 0, 0, 0]), statistic="group_auroc")
    assert score_interval(grouped) == clopper_pearson_interval(3, 3)


def test_the_decisions_of_a_ratio_are_a_proportion() -> None:
    shape = np.r_[np.ones(60), np.zeros(90)]
    decided = np.r_[np.ones(100), np.zeros(50)]
    assert score_interval(make_samples(shape, counted=decided, statistic="ratio")) == proportion_interval(0.6, 100)


def test_a_ratio_of_other_numbers_is_bootstrapped_and_may_exceed_1() -> None:
    rng = np.random.default_rng(2)
    low, high = score_interval(make_samples(rng.random(300) + 1, counted=rng.random(300), statistic="ratio"))
    assert 2 < low < 3 < high < 4


def test_real_scores_are_not_clipped() -> None:
    scores = np.random.default_rng(6).exponential(2.0, size=300)
    low, high = score_interval(samples(scores))
    assert 1 < low < scores.mean() < high
    theirs = bootstrap((scores,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(1))
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)


@pytest.mark.parametrize("statistic", ["ece", "ece_mass"])
def test_protocols_15_the_interval_of_ece_takes_off_its_bias(statistic) -> None:
    """The floor of a calibrated model, about sum_b (n_b/n) sqrt(2 a_b (1 - a_b) / (pi n_b)), is not error."""
    sure = np.random.default_rng(9).beta(5, 2, size=2_000)
    calibrated = make_samples(sure, correct=np.random.default_rng(10).random(2_000) < sure, statistic=statistic)
    known = {"ece": ECE, "ece_mass": ECE_MASS}[statistic].debiased(calibrated)
    assert known is not None
    assert value_of(calibrated) > 0.02
    assert known.value < 0.7 * value_of(calibrated)
    assert known.interval(0.95)[0] == 0.0
    wrong = make_samples(sure, correct=np.random.default_rng(10).random(2_000) < sure - 0.2, statistic=statistic)
    assert score_interval(wrong)[0] > 0.15


@pytest.mark.parametrize("n", [40, 600])
def test_protocols_15_intervals_of_ece_cover(n) -> None:
    """Overconfident by 5 points at every confidence: that is the ECE, whatever the bins."""
    rng, covered = np.random.default_rng(n), 0
    for _ in range(200):
        sure = 0.15 + 0.85 * rng.beta(5, 2, size=n)
        low, high = score_interval(make_samples(sure, correct=rng.random(n) < sure - 0.05, statistic="ece"))
        covered += low <= 0.05 <= high
    assert covered >= 184


def test_clusters_widen_the_interval_of_ece() -> None:
    sure = 0.15 + 0.85 * np.random.default_rng(1).beta(5, 2, size=300)
    right = (np.random.default_rng(2).random(300) < sure - 0.1).astype(float)
    frames = make_samples(np.repeat(sure, 10), correct=np.repeat(right, 10), statistic="ece")
    (low, high) = score_interval(frames)
    wide_low, wide_high = score_interval(replace(frames, clusters=np.repeat(np.arange(300), 10)))
    assert wide_high - wide_low > 2 * (high - low)


def test_answers_that_are_always_sure_and_right_are_not_certainty() -> None:
    sure = make_samples(np.ones(100), correct=np.ones(100), statistic="ece")
    assert score_interval(sure) == pytest.approx((0.0, -np.log(0.025) / 100))


@pytest.mark.parametrize("statistic", NAMES)
def test_an_interval_holds_its_value_and_grows_with_its_level(statistic) -> None:
    intervals = score_intervals(draw_samples(statistic, n=1_000))
    narrow, wide = intervals(0.8), intervals(0.99)
    assert wide[0] <= narrow[0] < narrow[1] <= wide[1]
    assert wide[0] < value_of(draw_samples(statistic, n=1_000)) < wide[1]
    assert intervals(0.95) == score_interval(draw_samples(statistic, n=1_000))


@pytest.mark.parametrize("statistic", ["group_mean", "fpr95", "weighted_sum"])
def test_no_variance_is_not_certainty(statistic) -> None:
    """Rule of three: what was seen in none of n samples may happen in 3.7/n, at 97.5% on one side."""
    groups = [-1] * 50 + [0] * 40 if statistic == "fpr95" else [0] * 50 + [1] * 40
    scores = np.r_[np.ones(50), np.zeros(40)] if statistic == "fpr95" else np.zeros(90)
    weights = np.full(90, 1 / 90) if statistic == "weighted_sum" else None
    _, high = score_interval(make_samples(scores, groups, weights=weights, statistic=statistic))
    # Of two classes of 50 and 40, one image of the smaller one weighs as much as one of 80.
    n = {"fpr95": 40, "group_mean": 80, "weighted_sum": 90}[statistic]
    assert high == pytest.approx(-np.log(0.025) / n)


def test_few_samples_a_stratum_do_not_narrow_the_interval() -> None:
    """Two samples a class show half of their variance when they are resampled within it."""
    rng, covered = np.random.default_rng(6), 0
    groups = np.repeat(np.arange(100), 2)
    for _ in range(200):
        low, high = score_interval(samples((rng.random(200) < 0.6).astype(float), groups, "group_mean"))
        covered += low <= 0.6 <= high
    assert covered >= 182


def test_a_tail_beyond_what_the_replicates_resolve_is_that_of_a_normal_distribution() -> None:
    ranked = np.sort(np.random.default_rng(3).normal(size=10_000))
    expansion = statistic_named("mean").expansion(samples(np.zeros(100_000)))
    for level in (0.9, 0.999, 0.99999):
        assert percentile_interval(ranked, expansion, level)[1] == pytest.approx(z_value(level), rel=0.04)


def test_the_covariance_of_a_part_with_the_whole() -> None:
    """The mean of all holds a quarter of the mean of a quarter of it, and no more."""
    scores = (np.random.default_rng(8).random(4_000) < 0.6).astype(float)
    whole = samples(scores)
    part = Samples(whole.ids[::4], scores[::4], whole.groups[::4])
    expected = float(((scores[::4] - scores[::4].mean()) ** 2).sum()) / 1_000 / 4_000
    assert shared_covariance(part, whole) == pytest.approx(expected, rel=1e-9)
    assert shared_covariance(whole, part) == pytest.approx(expected, rel=1e-9)
    assert shared_covariance(whole, whole) == covariance(whole, whole)
    elsewhere = replace(whole, ids=np.char.add("other-", whole.ids))
    assert shared_covariance(part, elsewhere) == 0.0


def test_the_covariance_joins_what_was_sampled_together() -> None:
    """Other frames of the same videos: no frame is in both, and yet they err together where one links them."""
    videos = (np.random.default_rng(9).random(50) < 0.6).astype(float)
    whole = Samples(
        np.arange(200).astype(str), videos.repeat(4), np.zeros(200, np.int64), clusters=np.arange(50).repeat(4)
    )
    part = Samples(whole.ids[::4], videos, whole.groups[::4])
    assert shared_covariance(part, whole) == pytest.approx(covariance(part, part))


def test_clusters_widen_an_interval() -> None:
    scores = (np.random.default_rng(5).random(200) < 0.7).astype(float)
    frames = samples(np.repeat(scores, 10))
    videos = replace(frames, clusters=np.repeat(np.arange(200), 10))
    (low, high), (wide_low, wide_high) = score_interval(frames), score_interval(videos)
    assert (wide_high - wide_low) / (high - low) == pytest.approx(10**0.5, rel=0.05)


@pytest.mark.parametrize(("statistic", "truth"), [("auroc", norm.cdf(1.5 / 2**0.5)), ("fpr95", norm.cdf(0.1449))])
def test_coverage_of_detection_intervals(statistic, truth) -> None:
    """95% of the intervals hold the truth; 120 trials have a standard error of 2 points."""
    trials = [detection_samples(300, 200, seed=seed, statistic=statistic) for seed in range(120)]
    held = [low <= truth <= high for low, high in map(score_interval, trials)]
    assert 0.88 <= np.mean(held) <= 1.0


def test_coverage_of_ece() -> None:
    """A model that says 5 points too much everywhere: the basic interval holds .05 in most of 100 trials."""
    held = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        confidence = rng.uniform(0.55, 0.95, size=1_500)
        right = (rng.random(1_500) < confidence - 0.05).astype(float)
        low, high = score_interval(make_samples(confidence, correct=right, statistic="ece"))
        held.append(low <= 0.05 <= high)
    assert np.mean(held) >= 0.85


def test_the_interval_of_the_worst_group_holds_the_value_and_covers() -> None:
    rng, covered = np.random.default_rng(5), 0
    groups = np.repeat(np.arange(6), 80)
    for _ in range(200):
        scores = (rng.random(480) < 0.7).astype(float)
        samples = Samples(np.array([str(row) for row in range(480)]), scores, groups, "group_min")
        low, high = score_interval(samples)
        assert low <= value_of(samples) <= high
        covered += low <= 0.7 <= high
    assert covered >= 186  # all six groups are the worst one: the hardest case
