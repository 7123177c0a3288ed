"""Macro-F1, against scikit-learn and a jackknife."""

from __future__ import annotations

import numpy as np
import pytest

from robustcheck.stats.f1 import MACRO_F1
from robustcheck.values import Samples


def made(n: int, seed: int, classes: int = 5, predicted: int = 7) -> tuple[Samples, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n) ** 2
    guesses = np.where(rng.uniform(size=n) < 0.6, labels, rng.integers(predicted, size=n) ** 2)
    hits = (labels == guesses).astype(np.float64)
    ids = np.arange(n).astype(str)
    return Samples(ids, hits, labels, "macro_f1", counted=guesses.astype(np.float64)), labels, guesses


@pytest.mark.parametrize("seed", range(4))
def test_it_is_that_of_scikit_learn_over_the_classes_among_the_labels(seed: int) -> None:
    from sklearn.metrics import f1_score

    samples, labels, guesses = made(300, seed)
    expected = f1_score(labels, guesses, average="macro", labels=np.unique(labels), zero_division=0)
    assert MACRO_F1.value(samples) == pytest.approx(expected)


def test_the_influence_is_that_of_leaving_a_sample_out() -> None:
    samples, _, _ = made(400, 9)
    assert samples.counted is not None
    parts = MACRO_F1.influence(samples)
    assert parts.sum() == pytest.approx(0, abs=1e-12)
    rest = []
    for left in range(400):
        kept = np.arange(400) != left
        fewer = Samples(
            samples.ids[kept], samples.scores[kept], samples.groups[kept], "macro_f1", counted=samples.counted[kept]
        )
        rest.append(MACRO_F1.value(fewer))
    jackknife = (np.mean(rest) - np.array(rest)) * 399 / 400
    assert parts == pytest.approx(jackknife, abs=2e-4)


def test_a_class_that_is_never_found_has_none() -> None:
    samples = Samples(
        np.array(list("abc")), np.array([1.0, 0, 0]), np.array([0, 1, 1]), "macro_f1", counted=np.array([0.0, 0, 9])
    )
    assert MACRO_F1.value(samples) == pytest.approx((2 / 3 + 0) / 2)
