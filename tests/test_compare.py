"""Paired comparisons against scipy and statsmodels (PROTOCOLS section 15)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from statsmodels.stats.contingency_tables import mcnemar

from robustcheck.records import Samples
from robustcheck.stats.compare import detectable_drop, mcnemar_p, paired_difference


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


def test_the_detectable_drop_is_found_with_80_percent_power() -> None:
    error, alpha = 0.01, 0.05
    drop = detectable_drop(error, alpha)
    estimates = norm.rvs(loc=-drop, scale=error, size=40_000, random_state=3)
    found = np.mean(estimates + norm.ppf(1 - alpha) * error < 0)
    assert found == pytest.approx(0.80, abs=0.01)
