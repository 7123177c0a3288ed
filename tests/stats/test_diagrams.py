"""The numbers of diagrams, against the statistics that they show and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from robustcheck.stats.calibration import ece
from robustcheck.stats.diagrams import histograms, operating_point, reliability, roc

RNG = np.random.default_rng(3)
INSIDE, OUTSIDE = RNG.normal(1.0, 1.0, 700), RNG.normal(0.0, 1.2, 400)


@pytest.mark.parametrize("bins", [5, 15])
def test_the_gaps_of_a_reliability_diagram_add_up_to_the_ece(bins: int) -> None:
    confidence = RNG.uniform(0.2, 1.0, 500)
    correct = (RNG.uniform(size=500) < confidence**2).astype(float)
    found = reliability(confidence, correct, bins)
    assert found.counts.sum() == 500
    gaps = np.abs(found.accuracy - found.confidence) * found.counts / 500
    assert gaps.sum() == pytest.approx(ece(confidence, correct, bins=bins), abs=1e-12)


def test_empty_bins_are_left_out() -> None:
    found = reliability(np.array([0.95, 1.0]), np.array([1.0, 0.0]), 10)
    assert found.counts.tolist() == [2]
    assert found.accuracy.tolist() == [0.5]


def test_the_roc_is_that_of_scikit_learn() -> None:
    labels = np.repeat([1, 0], [INSIDE.size, OUTSIDE.size])
    scores = np.concatenate([INSIDE, OUTSIDE])
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    rates, found = roc(INSIDE, OUTSIDE, 401)
    # At each rate that the data have, the curve is at the top of its step.
    highest = np.array([true[np.isclose(false, rate)].max() for rate in rates])
    assert found == pytest.approx(highest, abs=1e-12)
    assert np.trapezoid(*roc(INSIDE, OUTSIDE)[::-1]) == pytest.approx(roc_auc_score(labels, scores), abs=0.01)


def test_ties_are_crossed_on_the_diagonal() -> None:
    _, true = roc(np.array([1.0, 1.0]), np.array([1.0, 1.0]), 3)
    assert true.tolist() == [0.0, 0.5, 1.0]


def test_the_operating_point_accepts_95_per_cent() -> None:
    false, true = operating_point(INSIDE, OUTSIDE)
    assert true == pytest.approx(0.95, abs=0.01)
    threshold = np.sort(INSIDE)[round((1 - true) * INSIDE.size)]
    assert false == pytest.approx((threshold <= OUTSIDE).mean(), abs=1e-12)


def test_histograms_share_their_edges_and_sum_to_one() -> None:
    edges, first, second = histograms(INSIDE, OUTSIDE, 20)
    assert (len(edges), len(first)) == (21, 20)
    assert first.sum() == pytest.approx(1.0)
    assert second.sum() == pytest.approx(1.0)
    assert first == pytest.approx(np.histogram(INSIDE, edges)[0] / INSIDE.size)


def test_one_value_has_a_histogram_too() -> None:
    edges, first, _ = histograms(np.ones(3), np.ones(2), 4)
    assert edges[0] == 1.0
    assert first.tolist() == [1.0, 0.0, 0.0, 0.0]
