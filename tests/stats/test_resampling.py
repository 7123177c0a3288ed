"""Bootstrap replicates: their variance is that of the influences, their data what a plain resample gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_makers import AGGREGATES, detection_samples, draw_samples, samples

from robustcheck.stats import resampling
from robustcheck.stats.resampling import resampled, resampled_difference, unit_sums, units_of
from robustcheck.stats.statistics import influence, value_of


def spread(scored) -> float:
    totals = unit_sums(influence(scored), scored)
    return float(np.sqrt(totals @ totals))


# ECE and FPR@95 are not smooth: their linearisation is an approximation, coarser than the noise of the draws.
@pytest.mark.parametrize(
    ("aggregate", "within"), [(name, 0.25 if "ece" in name or "fpr" in name else 0.05) for name in AGGREGATES]
)
def test_the_spread_of_the_replicates_is_that_of_the_influences(aggregate, within):
    scored = draw_samples(aggregate, n=2_000, seed=1)
    draws = resampled(scored, np.random.default_rng(2), 4_000)
    assert draws.std() == pytest.approx(spread(scored), rel=within)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_clusters_are_drawn_whole(aggregate):
    """Samples given three times as a cluster spread as they do once; without clusters they would spread less."""
    once = draw_samples(aggregate, n=600, seed=3)
    rows = np.tile(np.arange(once.scores.size), 3)
    partner = None if once.partner is None else once.partner[rows]
    thrice = replace(once, ids=rows.astype(str), scores=once.scores[rows], groups=once.groups[rows], partner=partner)
    alone = resampled(once, np.random.default_rng(4), 2_000).std()
    together = resampled(replace(thrice, clusters=rows), np.random.default_rng(5), 2_000).std()
    scale = 3 if aggregate == "weighted_sum" else 1
    assert together == pytest.approx(scale * alone, rel=0.15)


@pytest.mark.parametrize("aggregate", ["group_mean", "group_min", "weighted_sum"])
def test_sizes_fixed_by_design_stay(aggregate):
    scored = draw_samples(aggregate)
    for counts in resampling._count_blocks(units_of(scored), np.random.default_rng(0), 30):
        sizes = np.stack([counts[:, scored.groups == group].sum(axis=1) for group in range(4)], axis=1)
        assert (sizes == 100).all()


def test_the_sides_and_the_classes_of_a_detection_keep_their_sizes():
    found = detection_samples(60, 40, classes=4, aggregate="group_fpr95")
    assert sorted(stratum.size for stratum in units_of(found).strata) == [10, 10, 10, 10, 60]
    assert sorted(stratum.size for stratum in units_of(replace(found, aggregate="fpr95")).strata) == [40, 60]


def test_clusters_across_strata_are_one_stratum_and_those_within_are_not():
    groups, images = np.repeat([0, 1, 2], 50), np.tile(np.arange(50), 3)
    across = samples(np.ones(150), groups.tolist(), clusters=images, aggregate="group_mean")
    within = replace(across, clusters=np.arange(150) // 5)
    assert [stratum.size for stratum in units_of(across).strata] == [50]
    assert [stratum.size for stratum in units_of(within).strata] == [10, 10, 10]


@pytest.mark.parametrize("aggregate", ["fpr95", "group_fpr95"])
def test_the_drawn_threshold_of_fpr95_has_the_distribution_of_the_plain_bootstrap(aggregate):
    found = detection_samples(300, 200, classes=4, seed=6, aggregate=aggregate)
    exact = resampled(found, np.random.default_rng(7), 10_000)
    rows = replace(found, clusters=np.arange(500))
    plain = resampled(rows, np.random.default_rng(8), 2_000)
    levels = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(exact, levels) == pytest.approx(np.quantile(plain, levels), abs=0.02)
    assert exact.std() == pytest.approx(plain.std(), rel=0.1)


def test_a_replicate_is_the_statistic_of_the_resampled_data():
    counts = np.random.default_rng(1).multinomial(200, np.full(200, 1 / 200), size=4)
    for aggregate in ("group_min", "ratio"):
        scored = draw_samples(aggregate, n=200)
        again = [np.repeat(np.arange(200), row) for row in counts]
        plain = [
            value_of(
                samples(
                    scored.scores[rows], scored.groups[rows].tolist(), aggregate=aggregate, partner=pick(scored, rows)
                )
            )
            for rows in again
        ]
        assert resampling._counted(scored)(counts) == pytest.approx(plain, abs=1e-12)


def pick(scored, rows):
    return None if scored.partner is None else scored.partner[rows]


def test_a_ratio_keeps_its_value_in_a_replicate_without_denominator():
    decided = samples([1.0, 0.0, 0.0], partner=[1.0, 1.0, 0.0], aggregate="ratio")
    assert resampling._counted(decided)(np.array([[0, 0, 3], [3, 0, 0]])).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_both_values_of_a_difference_see_the_same_resample(aggregate):
    scored = draw_samples(aggregate, n=300)
    assert np.ptp(resampled_difference(scored, scored, np.random.default_rng(1), 500)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_the_seed_decides_the_replicates(aggregate):
    scored = draw_samples(aggregate)
    first, again, other = (resampled(scored, np.random.default_rng(seed), 200) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_dear_replicates_are_fewer():
    many = samples(np.random.default_rng(0).random(60_000))
    assert resampled(many, np.random.default_rng(0)).size == resampling.COSTLY_DRAWS
    assert resampled(replace(many, scores=np.round(many.scores)), np.random.default_rng(0)).size == resampling.DRAWS
