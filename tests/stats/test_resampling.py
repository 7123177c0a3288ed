"""Bootstrap replicates: their variance is that of the influences, their data what a plain resample gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_makers import NAMES, detection_samples, draw_samples, samples, take

from robustcheck.stats import resampling
from robustcheck.stats.resampling import Counted
from robustcheck.stats.sampling import Units, unit_sums
from robustcheck.stats.statistics import influence, statistic_named, value_of
from robustcheck.values import Samples


def units_of(scored: Samples) -> Units:
    return statistic_named(scored.statistic).units(scored)


def resampled(scored: Samples, rng: np.random.Generator, draws: int = resampling.DRAWS) -> np.ndarray:
    return statistic_named(scored.statistic).replicates(scored, rng, draws)


def resampled_difference(first: Samples, second: Samples, rng: np.random.Generator, draws: int) -> np.ndarray:
    return statistic_named(first.statistic).paired_replicates(first, second, rng, draws)


def replicates_of(scored: Samples) -> Counted:
    counted = statistic_named(scored.statistic).counted(scored)
    assert counted is not None
    return counted


def spread(scored) -> float:
    totals = unit_sums(influence(scored), scored)
    return float(np.sqrt(totals @ totals))


# ECE and FPR@95 are not smooth: their linearisation is an approximation, coarser than the noise of the draws.
@pytest.mark.parametrize(
    ("statistic", "within"), [(name, 0.25 if "ece" in name or "fpr" in name else 0.05) for name in NAMES]
)
def test_the_spread_of_the_replicates_is_that_of_the_influences(statistic, within):
    scored = draw_samples(statistic, n=2_000, seed=1)
    draws = resampled(scored, np.random.default_rng(2), 4_000)
    assert draws.std() == pytest.approx(spread(scored), rel=within)


@pytest.mark.parametrize("statistic", NAMES)
def test_clusters_are_drawn_whole(statistic):
    """Samples given three times as a cluster spread as they do once; without clusters they would spread less."""
    once = draw_samples(statistic, n=600, seed=3)
    rows = np.tile(np.arange(once.scores.size), 3)
    thrice = take(once, rows)
    alone = resampled(once, np.random.default_rng(4), 2_000).std()
    together = resampled(replace(thrice, clusters=rows), np.random.default_rng(5), 2_000).std()
    scale = 3 if statistic == "weighted_sum" else 1
    assert together == pytest.approx(scale * alone, rel=0.15)


@pytest.mark.parametrize("statistic", ["group_mean", "group_min", "weighted_sum"])
def test_sizes_fixed_by_design_stay(statistic):
    scored = draw_samples(statistic)
    for counts in resampling.count_blocks(units_of(scored), np.random.default_rng(0), 30):
        sizes = np.stack([counts[:, scored.groups == group].sum(axis=1) for group in range(4)], axis=1)
        assert (sizes == 100).all()


def test_the_sides_and_the_classes_of_a_detection_keep_their_sizes():
    found = detection_samples(60, 40, classes=4, statistic="group_fpr95")
    assert sorted(stratum.size for stratum in units_of(found).strata) == [10, 10, 10, 10, 60]
    assert sorted(stratum.size for stratum in units_of(replace(found, statistic="fpr95")).strata) == [40, 60]


def test_clusters_across_strata_are_one_stratum_and_those_within_are_not():
    groups, images = np.repeat([0, 1, 2], 50), np.tile(np.arange(50), 3)
    across = samples(np.ones(150), groups.tolist(), clusters=images, statistic="group_mean")
    within = replace(across, clusters=np.arange(150) // 5)
    assert [stratum.size for stratum in units_of(across).strata] == [50]
    assert [stratum.size for stratum in units_of(within).strata] == [10, 10, 10]


@pytest.mark.parametrize("statistic", ["fpr95", "group_fpr95"])
def test_the_drawn_threshold_of_fpr95_has_the_distribution_of_the_plain_bootstrap(statistic):
    found = detection_samples(300, 200, classes=4, seed=6, statistic=statistic)
    exact = resampled(found, np.random.default_rng(7), 10_000)
    rows = replace(found, clusters=np.arange(500))
    plain = resampled(rows, np.random.default_rng(8), 2_000)
    levels = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(exact, levels) == pytest.approx(np.quantile(plain, levels), abs=0.02)
    assert exact.std() == pytest.approx(plain.std(), rel=0.1)


def test_a_replicate_is_the_statistic_of_the_resampled_data():
    counts = np.random.default_rng(1).multinomial(200, np.full(200, 1 / 200), size=4)
    for statistic in ("group_min", "ratio"):
        scored = draw_samples(statistic, n=200)
        again = [np.repeat(np.arange(200), row) for row in counts]
        plain = [value_of(take(scored, rows)) for rows in again]
        assert replicates_of(scored)(counts) == pytest.approx(plain, abs=1e-12)


def test_a_ratio_keeps_its_value_in_a_replicate_without_denominator():
    decided = samples([1.0, 0.0, 0.0], counted=[1.0, 1.0, 0.0], statistic="ratio")
    assert replicates_of(decided)(np.array([[0, 0, 3], [3, 0, 0]])).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("statistic", NAMES)
def test_both_values_of_a_difference_see_the_same_resample(statistic):
    scored = draw_samples(statistic, n=300)
    assert np.ptp(resampled_difference(scored, scored, np.random.default_rng(1), 500)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("statistic", NAMES)
def test_the_seed_decides_the_replicates(statistic):
    scored = draw_samples(statistic)
    first, again, other = (resampled(scored, np.random.default_rng(seed), 200) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_dear_replicates_are_fewer():
    many = samples(np.random.default_rng(0).random(60_000))
    assert resampled(many, np.random.default_rng(0)).size == resampling.COSTLY_DRAWS
    assert resampled(replace(many, scores=np.round(many.scores)), np.random.default_rng(0)).size == resampling.DRAWS
