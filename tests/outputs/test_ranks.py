"""Ranks and hits against scikit-learn, ties, edges and refusals."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from sample_makers import samples
from sklearn.metrics import accuracy_score, balanced_accuracy_score, top_k_accuracy_score

from robustcheck.errors import DataError
from robustcheck.outputs import ranks as module
from robustcheck.outputs.ranks import label_ranks, top_k_hits
from robustcheck.stats.means import GROUP_MEAN


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 12, size=500)
    labels[labels == 5] = 6  # a class without samples
    logits = rng.normal(size=(500, 12))
    logits[np.arange(500), labels] += 1.2
    return logits, labels


def hits(k: int, logits: object, labels: object) -> np.ndarray:
    return top_k_hits(label_ranks(logits, labels), k)


def test_top1_equals_sklearn(scored):
    logits, labels = scored
    assert hits(1, logits, labels).mean() == pytest.approx(accuracy_score(labels, logits.argmax(axis=1)), abs=1e-15)


def test_top5_equals_sklearn(scored):
    logits, labels = scored
    expected = top_k_accuracy_score(labels, logits, k=5, labels=np.arange(12))
    assert hits(5, logits, labels).mean() == pytest.approx(expected, abs=1e-15)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_mean_per_class_recall_equals_sklearn_and_leaves_out_empty_classes(scored):
    logits, labels = scored
    expected = balanced_accuracy_score(labels, logits.argmax(axis=1))
    assert GROUP_MEAN.value(samples(hits(1, logits, labels), labels)) == pytest.approx(expected, abs=1e-15)


def test_ties_go_to_the_lowest_index_as_in_argmax():
    logits = np.random.default_rng(0).integers(0, 3, size=(400, 8)).astype(float)
    for label in range(8):
        labels = np.full(400, label)
        assert (hits(1, logits, labels) == (logits.argmax(axis=1) == label)).all()


def test_tied_top5_equals_a_stable_sort():
    logits = np.random.default_rng(1).integers(0, 2, size=(300, 9)).astype(float)
    best = np.argsort(-logits, axis=1, kind="stable")
    for label in range(9):
        expected = (best[:, :5] == label).any(axis=1)
        assert (hits(5, logits, np.full(300, label)) == expected).all()


def test_top5_with_fewer_than_five_classes_is_one():
    assert hits(5, np.eye(3), [2, 0, 1]).tolist() == [1.0, 1.0, 1.0]


def test_ranks_count_larger_logits():
    assert label_ranks([[0.1, 0.4, 0.2]] * 3, [0, 1, 2]).tolist() == [2, 0, 1]
    assert top_k_hits(np.array([4, 5]), 5).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[np.nan, 1.0]], [0], "NaN"),
        ([[0.0, 1.0]], [2], "labels from 2"),
        ([[0.0, 1.0]], [-1], "labels from -1"),
        ([[0.0, 1.0]], [0, 1], "shapes"),
        ([[0.0, 1.0]], [0.5], "whole numbers"),
        (np.zeros((0, 2)), np.zeros(0, dtype=int), "no samples"),
    ],
)
def test_bad_input_is_an_error_and_never_a_rank(logits, labels, message):
    with pytest.raises(DataError, match=message):
        label_ranks(logits, labels)


def test_no_ranks_are_no_score():
    with pytest.raises(DataError, match="no ranks"):
        top_k_hits(np.array([], dtype=np.int64), 1)


def test_doctests():
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted >= 2
