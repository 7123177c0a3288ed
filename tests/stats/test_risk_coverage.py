"""The area under the risk-coverage curve, against a plain loop and a jackknife."""

from __future__ import annotations

import numpy as np
import pytest

from robustcheck.stats.risk_coverage import AURC
from robustcheck.values import Samples


def made(n: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(size=n)
    correct = (rng.uniform(size=n) < confidence).astype(np.float64)
    return Samples(np.arange(n).astype(str), confidence, np.zeros(n, np.int64), "aurc", correct=correct)


def by_hand(samples: Samples) -> float:
    order = np.argsort(-samples.scores)
    assert samples.correct is not None
    wrong = (1 - samples.correct[order]).tolist()
    return float(np.mean([sum(wrong[: kept + 1]) / (kept + 1) for kept in range(len(wrong))]))


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_the_mean_risk_over_all_coverages(seed: int) -> None:
    samples = made(200, seed)
    assert AURC.value(samples) == pytest.approx(by_hand(samples))


def test_four_answers_by_eye() -> None:
    """Right, wrong, right, wrong: risks 0, 1/2, 1/3, 1/2."""
    ids, zeros = np.array(list("abcd")), np.zeros(4, np.int64)
    samples = Samples(ids, np.array([0.9, 0.8, 0.7, 0.6]), zeros, "aurc", correct=np.array([1.0, 0, 1, 0]))
    assert AURC.value(samples) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    alike = Samples(ids, np.full(4, 0.5), zeros, "aurc", correct=np.array([1.0, 0, 1, 0]))
    assert AURC.value(alike) == pytest.approx(0.5)


def test_the_influence_is_that_of_leaving_a_sample_out() -> None:
    samples = made(400, 7)
    assert samples.correct is not None
    parts = AURC.influence(samples)
    assert parts.sum() == pytest.approx(0, abs=1e-12)
    rest = []
    for left in range(400):
        kept = np.arange(400) != left
        fewer = Samples(
            samples.ids[kept], samples.scores[kept], samples.groups[kept], "aurc", correct=samples.correct[kept]
        )
        rest.append(AURC.value(fewer))
    jackknife = (np.mean(rest) - np.array(rest)) * 399 / 400
    assert np.corrcoef(parts, jackknife)[0, 1] > 0.999
    assert np.sqrt((parts**2).sum()) == pytest.approx(np.sqrt((jackknife**2).sum()), rel=0.02)


def test_the_interval_holds_the_truth() -> None:
    """Answers right with the probability that they give: the area of one million is the truth."""
    truth = AURC.value(made(1_000_000, 99))
    held = 0
    for seed in range(60):
        low, high = AURC.intervals(made(500, seed), 0)(0.95)
        held += low <= truth <= high
    assert held >= 52
