"""Classification metrics against scikit-learn, ties, edges and refusals."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, top_k_accuracy_score

from robustcheck.errors import DataError, SetupError
from robustcheck.metrics import METRICS, metric_facts
from robustcheck.outputs import ranks as classification
from robustcheck.outputs.ranks import (
    label_ranks,
    mean_per_class_recall,
    rank_scores,
    sample_scores,
    top1,
    top5,
)


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 12, size=500)
    labels[labels == 5] = 6  # a class without samples
    logits = rng.normal(size=(500, 12))
    logits[np.arange(500), labels] += 1.2
    return logits, labels


def test_top1_equals_sklearn(scored):
    logits, labels = scored
    assert top1(logits, labels) == pytest.approx(accuracy_score(labels, logits.argmax(axis=1)), abs=1e-15)


def test_top5_equals_sklearn(scored):
    logits, labels = scored
    expected = top_k_accuracy_score(labels, logits, k=5, labels=np.arange(12))
    assert top5(logits, labels) == pytest.approx(expected, abs=1e-15)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_mean_per_class_recall_equals_sklearn_and_leaves_out_empty_classes(scored):
    logits, labels = scored
    expected = balanced_accuracy_score(labels, logits.argmax(axis=1))
    assert mean_per_class_recall(logits, labels) == pytest.approx(expected, abs=1e-15)


def test_ties_go_to_the_lowest_index_as_in_argmax():
    logits = np.random.default_rng(0).integers(0, 3, size=(400, 8)).astype(float)
    for label in range(8):
        labels = np.full(400, label)
        assert (sample_scores("top1", logits, labels) == (logits.argmax(axis=1) == label)).all()


def test_tied_top5_equals_a_stable_sort():
    logits = np.random.default_rng(1).integers(0, 2, size=(300, 9)).astype(float)
    best = np.argsort(-logits, axis=1, kind="stable")
    for label in range(9):
        expected = (best[:, :5] == label).any(axis=1)
        assert (sample_scores("top5", logits, np.full(300, label)) == expected).all()


def test_top5_with_fewer_than_five_classes_is_one():
    assert top5(np.eye(3), [2, 0, 1]) == 1.0


def test_ranks_count_larger_logits():
    assert label_ranks([[0.1, 0.4, 0.2]] * 3, [0, 1, 2]).tolist() == [2, 0, 1]
    assert rank_scores("top5", np.array([4, 5])).tolist() == [1.0, 0.0]


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
@pytest.mark.parametrize("metric", [top1, top5, mean_per_class_recall])
def test_bad_input_is_an_error_and_never_a_score(metric, logits, labels, message):
    with pytest.raises(DataError, match=message):
        metric(logits, labels)


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(SetupError, match="did you mean 'top1'"):
        metric_facts("topp1")


def test_every_metric_has_whole_facts():
    assert {"top1", "top5", "mean_per_class_recall"} <= set(METRICS)
    for name, facts in METRICS.items():
        assert facts.name == name
        assert facts.description.endswith(".")
        for option in facts.options:
            assert not option.choices or option.default in option.choices


def test_doctests():
    results = doctest.testmod(classification)
    assert results.failed == 0
    assert results.attempted >= 4
