"""Values and influences of every statistic: definitions, PROTOCOLS section 15, and the infinitesimal jackknife."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest
from sample_makers import NAMES, detection_samples, draw_samples, protocols_15, samples, take

from robustcheck.errors import DataError
from robustcheck.stats import statistics
from robustcheck.stats.calibration import ece, ece_mass
from robustcheck.stats.detection import auroc
from robustcheck.stats.sampling import unit_sums
from robustcheck.stats.statistics import influence, statistic_named, value_of


def test_there_is_a_value_for_every_statistic():
    for statistic in NAMES:
        assert np.isfinite(value_of(draw_samples(statistic)))


def test_mean_and_group_mean():
    scored = samples([1.0, 0.0, 0.0, 1.0], groups=[7, 7, 7, 9])
    assert value_of(scored) == 0.5
    assert value_of(replace(scored, statistic="group_mean")) == pytest.approx((1 / 3 + 1) / 2)
    assert value_of(replace(scored, statistic="group_min")) == pytest.approx(1 / 3)


def test_weighted_sum_and_ratio():
    scored = samples([1.0, 0.0, 1.0], groups=[0, 0, 1], weights=[0.5, 0.25, 0.25], statistic="weighted_sum")
    assert value_of(scored) == pytest.approx(0.75)
    decided = samples([1.0, 0.0, 1.0, 0.0], counted=[1.0, 1.0, 1.0, 0.0], statistic="ratio")
    assert value_of(decided) == pytest.approx(2 / 3)


def fpr_at_95(inside, outside):
    """The share of the others at or above the strictest threshold that accepts 95% of the first."""
    threshold = max(score for score in inside if (inside >= score).mean() >= 0.95)
    return (outside >= threshold).mean()


def test_detection_and_calibration_are_those_of_metrics():
    found = detection_samples(classes=3)
    inside, classes = found.scores[found.groups == -1], found.groups[found.groups >= 0]
    outside = found.scores[found.groups >= 0]
    assert value_of(found) == auroc(inside, outside)
    assert value_of(replace(found, statistic="fpr95")) == pytest.approx(fpr_at_95(inside, outside))
    by_class = [outside[classes == label] for label in range(3)]
    grouped = replace(found, statistic="group_fpr95")
    assert value_of(replace(found, statistic="group_auroc")) == pytest.approx(
        np.mean([auroc(inside, s) for s in by_class])
    )
    assert value_of(grouped) == pytest.approx(np.mean([fpr_at_95(inside, s) for s in by_class]))
    confident = draw_samples("ece")
    assert value_of(confident) == ece(confident.scores, confident.correct)
    assert value_of(replace(confident, statistic="ece_mass")) == ece_mass(confident.scores, confident.correct)


def test_the_openood_convention_is_fpr95_of_the_sides_turned_round():
    found = detection_samples()
    is_id = found.groups == -1
    turned = replace(found, scores=-found.scores, groups=np.where(is_id, 0, -1), statistic="fpr95")
    assert value_of(turned) == pytest.approx(fpr_at_95(-found.scores[~is_id], -found.scores[is_id]))


def test_protocols_15_delong_variance_and_covariance():
    first, second = (influence(scored) for scored in protocols_15())
    assert first @ first == pytest.approx(0.0225, abs=1e-12)
    assert second @ second == pytest.approx(0.03875, abs=1e-12)
    assert first @ second == pytest.approx(0.0169270833, abs=5e-11)


def test_grouped_auroc_influence_is_the_mean_of_delongs_over_classes():
    found = detection_samples(classes=3)
    parts = np.zeros(found.scores.size)
    for label in range(3):
        kept = np.isin(found.groups, (-1, label))
        alone = replace(found, ids=found.ids[kept], scores=found.scores[kept], groups=found.groups[kept])
        parts[kept] += influence(alone) / 3
    assert influence(replace(found, statistic="group_auroc")) == pytest.approx(parts, abs=1e-14)


@pytest.mark.parametrize("statistic", NAMES)
def test_influences_sum_to_zero(statistic):
    assert influence(draw_samples(statistic)).sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("statistic", ["mean", "group_mean", "group_min", "ratio", "ece"])
def test_the_influence_is_the_derivative_in_the_weight_of_a_sample(statistic):
    """Each sample is given k times, then one sample once more: the change is its influence over k, up to 1/k^2."""
    scored, times = draw_samples(statistic, n=60), 2_000
    base = np.repeat(np.arange(60), times)
    # The variance of a mean over fixed groups has m - 1 in the place of the m samples of a group, here 15.
    expected = influence(scored) * (np.sqrt(14 / 15) if statistic == "group_mean" else 1)
    for row in (0, 17, 59):
        more = take(scored, np.r_[base, row])
        assert times * (value_of(more) - value_of(scored)) == pytest.approx(expected[row], abs=2e-4 / 60 + 1e-5)


def test_clusters_of_copies_have_the_variance_of_the_originals():
    scored = draw_samples("mean", n=80)
    copies = take(scored, np.tile(np.arange(80), 5))
    clustered = replace(copies, clusters=np.tile(np.arange(80), 5))
    once, together = influence(scored), unit_sums(influence(clustered), clustered)
    assert together == pytest.approx(once, abs=1e-15)
    assert influence(copies) @ influence(copies) == pytest.approx(once @ once / 5)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (samples([]), "no samples"),
        (samples([0.5, np.nan]), "NaN in 1 scores"),
        (samples([0.5], statistic="ratio"), "without 'counted'"),
        (samples([0.0], counted=[0.0], statistic="ratio"), "denominator"),
        (samples([0.5], statistic="auroc"), "0 in-distribution"),
        (samples([0.5], groups=[-1], statistic="fpr95"), "1 in-distribution and 0"),
    ],
)
def test_an_undefined_value_is_an_error(broken, message):
    for function in (value_of, influence):
        with pytest.raises(DataError, match=message):
            function(broken)


def test_one_sample_on_a_side_has_a_value_but_no_variance():
    alone = samples([2.0, 1.0, 3.0], groups=[-1, 0, 0], statistic="auroc")
    assert value_of(alone) == 0.5
    with pytest.raises(DataError, match="no variance"):
        influence(alone)


def test_an_unknown_statistic_is_an_error_that_names_the_nearest():
    with pytest.raises(DataError, match=r"unknown statistic 'aurocs'[\s\S]*did you mean 'auroc'"):
        statistic_named("aurocs")


def test_doctests():
    results = doctest.testmod(statistics)
    assert results.failed == 0
    assert results.attempted >= 2
