"""Paired comparisons against scipy and statsmodels (PROTOCOLS section 15)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_makers import NAMES, draw_samples, protocols_15
from scipy.stats import bootstrap, norm
from statsmodels.stats.contingency_tables import mcnemar

from robustcheck.stats.compare import detectable_drop, mcnemar_p, paired_difference
from robustcheck.stats.intervals import covariance
from robustcheck.stats.statistics import value_of
from robustcheck.values import Samples


def samples(scores: np.ndarray) -> Samples:
    n = len(scores)
    return Samples(np.arange(n).astype(str), scores.astype(float), np.zeros(n, np.int64))


def two_models(n: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.7
    return first, np.where(rng.random(n) < 0.06, ~first, first)


def test_mcnemar_reference_number_and_statsmodels() -> None:
    assert mcnemar_p(10, 25) == pytest.approx(0.0166738, abs=1e-7)
    assert mcnemar_p(3, 9) == pytest.approx(mcnemar([[0, 3], [9, 0]], exact=True).pvalue, abs=1e-12)
    assert mcnemar_p(0, 0) == 1.0


def test_paired_bootstrap_agrees_with_scipy() -> None:
    first, second = two_models()
    ours = paired_difference(samples(first), samples(second), seed=1)
    change = second.astype(float) - first
    theirs = bootstrap((change,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(2))
    assert ours.value == pytest.approx(change.mean())
    assert ours.error == pytest.approx(change.std() / np.sqrt(change.size))
    assert ours.interval(0.95) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-3)
    assert ours.discordant == int((first != second).sum())


def test_identical_predictions_are_not_certainty() -> None:
    first, _ = two_models(300)
    same = paired_difference(samples(first), samples(first), seed=1)
    assert same.value == 0
    assert same.interval(0.95) == pytest.approx((-0.01, 0.01))


def test_other_images_are_refused() -> None:
    first, second = two_models(50)
    other = Samples(np.arange(1, 51).astype(str), second.astype(float), np.zeros(50, np.int64))
    with pytest.raises(ValueError, match="same samples"):
        paired_difference(samples(first), other, seed=1)


def test_samples_are_paired_by_their_ids() -> None:
    """Outputs that were saved elsewhere have an order of their own."""
    rng = np.random.default_rng(4)
    first, second = samples(rng.random(60) < 0.6), samples(rng.random(60) < 0.5)
    order = rng.permutation(60)
    shuffled = replace(second, ids=second.ids[order], scores=second.scores[order], groups=second.groups[order])
    expected, found = (paired_difference(first, each, seed=0) for each in (second, shuffled))
    assert found.value == expected.value == second.scores.mean() - first.scores.mean()
    assert (found.discordant, found.p_value) == (expected.discordant, expected.p_value)
    assert found.interval(0.95) == expected.interval(0.95)


def test_samples_of_one_id_cannot_be_put_in_order() -> None:
    twice = samples(np.array([1.0, 0.0, 1.0]))
    twice = replace(twice, ids=np.array(["a", "a", "b"]))
    turned = replace(twice, ids=twice.ids[::-1].copy())
    assert paired_difference(twice, twice, seed=0).discordant == 0
    with pytest.raises(ValueError, match="do not hold the same samples"):
        paired_difference(twice, turned, seed=0)


def test_the_detectable_drop_is_found_with_80_percent_power() -> None:
    error, alpha = 0.01, 0.05
    drop = detectable_drop(error, alpha)
    estimates = norm.rvs(loc=-drop, scale=error, size=40_000, random_state=3)
    found = np.mean(estimates + norm.ppf(1 - alpha) * error < 0)
    assert found == pytest.approx(0.80, abs=0.01)


def test_protocols_15_two_correlated_aurocs() -> None:
    first, second = protocols_15()
    difference = paired_difference(second, first, seed=0)
    assert difference.value == pytest.approx(0.1, abs=1e-12)
    assert difference.error**2 == pytest.approx(0.0225 + 0.03875 - 2 * 0.0169270833, abs=1e-9)
    assert difference.value / difference.error == pytest.approx(0.6041680, abs=5e-8)
    assert difference.p_value == pytest.approx(0.5457319, abs=5e-8)
    assert difference.test == "normal"
    reach = norm.ppf(0.975) * difference.error
    assert difference.interval(0.95) == pytest.approx((0.1 - reach, 0.1 + reach))


def test_mcnemar_is_for_shares_of_independent_samples() -> None:
    first, second = two_models(400)
    assert paired_difference(samples(first), samples(second), seed=1).test == "exact McNemar"
    videos = [replace(samples(hits), clusters=np.arange(400) // 4) for hits in (first, second)]
    clustered = paired_difference(*videos, seed=1)
    assert (clustered.test, clustered.n) == ("normal", 100)
    assert clustered.discordant <= 100
    losses = np.random.default_rng(1).exponential(size=(2, 400))
    assert paired_difference(samples(losses[0]), samples(losses[1]), seed=1).test == "normal"


@pytest.mark.parametrize("statistic", NAMES)
def test_a_difference_of_any_statistic(statistic) -> None:
    """The second model is the first with noise: the value is the plain difference, the interval about it."""
    first = draw_samples(statistic, n=1_500, seed=2)
    second = with_noise(first)
    difference = paired_difference(first, second, seed=3)
    assert difference.value == pytest.approx(value_of(second) - value_of(first), abs=1e-12)
    low, high = difference.interval(0.95)
    assert low < difference.value < high
    # A bin whose gap is near 0 may change its sign in a replicate, which the linear error of ECE does not see.
    within = 1.0 if "ece" in statistic else 0.25
    assert (high - low) / 2 == pytest.approx(norm.ppf(0.975) * difference.error, rel=within)


def with_noise(first: Samples) -> Samples:
    rng = np.random.default_rng(4)
    if first.statistic in ("mean", "group_mean", "group_min", "weighted_sum", "ratio"):
        return replace(first, scores=np.where(rng.random(first.scores.size) < 0.1, 1 - first.scores, first.scores))
    if first.statistic in ("ece", "ece_mass"):
        return replace(first, scores=first.scores**0.7)
    return replace(first, scores=first.scores + 0.5 * rng.normal(size=first.scores.size))


def test_pairing_narrows_the_interval() -> None:
    first = draw_samples("auroc", n=1_000)
    second = replace(first, scores=first.scores + 0.1 * np.random.default_rng(0).normal(size=first.scores.size))
    unpaired = (covariance(first, first) + covariance(second, second)) ** 0.5
    assert paired_difference(first, second, seed=0).error < 0.3 * unpaired


@pytest.mark.parametrize("statistic", ["mean", "weighted_sum", "auroc", "fpr95", "ece"])
def test_equal_runs_differ_by_less_than_the_rule_of_three(statistic) -> None:
    scored = draw_samples(statistic, n=300)
    same = paired_difference(scored, scored, seed=1)
    size = {"auroc": 150, "fpr95": 150}.get(statistic, 300)
    scale = float(scored.weights.sum()) if statistic == "weighted_sum" else 1.0
    low, high = same.interval(0.95)
    # One more gain and one more loss, drawn from Poisson distributions: 3 of n. Otherwise -ln(.025) / n.
    reach = 3.0 if statistic in ("mean", "weighted_sum") else -np.log(0.025)
    assert (-low, high) == pytest.approx((reach / size * scale, reach / size * scale), rel=0.01)
    assert same.error > 0
    assert (same.discordant, same.p_value) == (0, 1.0)


def test_the_rule_of_three_grows_with_the_level() -> None:
    first, _ = two_models(300)
    same = paired_difference(samples(first), samples(first), seed=1)
    assert same.interval(0.999)[1] > 1.5 * same.interval(0.95)[1]


@pytest.mark.parametrize(("n", "clusters"), [(40, False), (150, False), (160, True)])
def test_a_paired_interval_covers_where_few_differ(n, clusters) -> None:
    """Three of a hundred images won, five lost: the truth is -2 points, and 40 images show three of them."""
    rng, held = np.random.default_rng(n), 0
    units = n // 4 if clusters else n
    for seed in range(200):
        change = rng.choice([1, -1, 0], size=units, p=[0.03, 0.05, 0.92]).repeat(n // units)
        then = np.where(change == 0, rng.random(n) < 0.7, change < 0).astype(float)
        now = np.where(change == 0, then, change > 0).astype(float)
        pair = [samples(then), samples(now)]
        if clusters:
            pair = [replace(one, clusters=np.arange(n) // 4) for one in pair]
        low, high = paired_difference(pair[0], pair[1], seed=seed).interval(0.95)
        held += low <= -0.02 <= high
    assert held >= 184


def test_clusters_of_either_side_count_and_must_agree() -> None:
    first, second = two_models(400)
    videos = replace(samples(first), clusters=np.arange(400) // 4)
    assert paired_difference(videos, samples(second), seed=1).n == 100
    assert paired_difference(samples(second), videos, seed=1).n == 100
    renamed = replace(samples(second), clusters=99 - np.arange(400) // 4)
    assert paired_difference(videos, renamed, seed=1).n == 100
    others = replace(samples(second), clusters=np.arange(400) // 2)
    with pytest.raises(ValueError, match="same clusters"):
        paired_difference(videos, others, seed=1)


def test_other_statistics_are_refused() -> None:
    scored = draw_samples("ece")
    with pytest.raises(ValueError, match="same samples"):
        paired_difference(scored, replace(scored, statistic="mean"), seed=1)


@pytest.mark.parametrize("statistic", ["mean", "auroc", "ece"])
def test_equal_models_are_seldom_told_apart(statistic) -> None:
    """Two draws of one model on the same images: 0 lies in most of 80 intervals at 95%."""
    held = []
    for seed in range(80):
        first = draw_samples(statistic, n=400, seed=seed)
        second = draw_samples(statistic, n=400, seed=1_000 + seed)
        kept = np.random.default_rng(2_000 + seed).random(first.scores.size) < 0.5
        mixed = replace(first, scores=np.where(kept, first.scores, second.scores))
        if first.correct is not None and second.correct is not None:
            mixed = replace(mixed, correct=np.where(kept, first.correct, second.correct))
        low, high = paired_difference(first, mixed, seed=seed).interval(0.95)
        held.append(low <= 0 <= high)
    assert np.mean(held) >= 0.87


def test_samples_that_are_labelled_otherwise_are_not_compared() -> None:
    ids, scores = np.array(["a", "b", "c", "d"]), np.array([1.0, 0.0, 1.0, 1.0])
    then = Samples(ids, scores, np.array([0, 0, 1, 1]))
    # Another order of the classes is the same labels.
    assert paired_difference(then, Samples(ids, scores, np.array([1, 1, 0, 0])), seed=0).value == 0
    for labels in ([0, 1, 1, 1], [0, 0, 1, 2], [0, 0, 0, 0]):
        with pytest.raises(ValueError, match="same labels or groups"):
            paired_difference(then, Samples(ids, scores, np.array(labels)), seed=0)
