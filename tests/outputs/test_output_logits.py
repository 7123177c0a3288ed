"""Zero-shot arithmetic: the order of normalising, ties, masks and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from robustcheck.errors import DataError, ModelError
from robustcheck.outputs.logits import (
    TextHead,
    among_kept,
    cosines,
    merge_max,
    merge_mean_probability,
    supervised_logits,
    text_weights,
    zero_shot_logits,
)

NAMES, TEMPLATES = ("ant", "bee", "cat", "dog", "bee"), ("a {c}.", "the {c}.", "{c}")
TEXTS = [[template.replace("{c}", name) for template in TEMPLATES] for name in NAMES]


def embed(texts: list[str]) -> np.ndarray:
    """Embed each text at random; texts of one template are a thousand times longer."""
    rows = [np.random.default_rng(list(text.encode())).normal(size=8) for text in texts]
    scales = [1000.0 if text.startswith("the") else 1.0 for text in texts]
    return (np.array(rows) * np.array(scales)[:, None]).astype(np.float32)


def test_the_order_is_normalise_mean_normalise():
    expected = []
    for name in NAMES:
        rows = embed([template.replace("{c}", name) for template in TEMPLATES]).astype(np.float64)
        mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
        expected.append(mean / np.linalg.norm(mean))
    np.testing.assert_allclose(text_weights(embed, TEXTS), expected, atol=1e-12)


def test_logits_are_scaled_cosines_and_equal_names_tie():
    features = np.random.default_rng(0).normal(size=(33, 8)).astype(np.float32)
    head = TextHead(text_weights(embed, TEXTS), 50.0, -3.0)
    logits = zero_shot_logits(cosines(features, head), head)
    np.testing.assert_allclose(logits, 50.0 * features.astype(np.float64) @ head.weights.T - 3.0, atol=1e-10)
    np.testing.assert_array_equal(logits[:, 1], logits[:, 4])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_text_without_direction_is_an_error(value):
    with pytest.raises(ModelError, match="zero, infinite or NaN"):
        text_weights(lambda texts: np.full((len(texts), 4), value, dtype=np.float32), TEXTS)


def test_classes_may_have_different_numbers_of_texts():
    weights = text_weights(embed, [["a cat"], ["a dog", "the dog", "dog"]])
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1)
    np.testing.assert_allclose(weights[0], text_weights(embed, [["a cat"]])[0])


@pytest.mark.parametrize("texts", [(), (("a cat",), ())])
def test_no_classes_or_a_class_without_texts_is_an_error(texts):
    with pytest.raises(DataError, match="some without a text"):
        text_weights(embed, texts)


def test_the_columns_of_a_classifier_are_taken_and_not_zeroed():
    outputs = np.array([[-1.0, -5.0, -2.0, 9.0]], dtype=np.float32)
    assert supervised_logits(outputs, np.array([2, 0])).tolist() == [[-2.0, -1.0]]
    assert supervised_logits(outputs, np.array([3, -1])).tolist() == [[9.0, -np.inf]]


def test_labels_are_counted_among_the_kept():
    assert among_kept(np.array([2, 1, 0]), np.array([1, 2]), 3).tolist() == [1, 0, -1]


MEMBERS = (np.array([0, 3]), np.array([1]))


def test_the_best_name_speaks_for_its_class():
    logits = np.array([[1.0, 2.0, 9.0, 3.0], [1.0, 2.0, 9.0, 0.0]])
    assert merge_max(logits, MEMBERS).tolist() == [[3.0, 2.0], [1.0, 2.0]]


def test_protocols_4_mean_of_probabilities_over_all_names():
    logits = np.random.default_rng(0).normal(scale=5, size=(20, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.stack([(p[:, 0] + p[:, 3]) / 2, p[:, 1]], axis=1)
    np.testing.assert_allclose(np.exp(merge_mean_probability(logits, MEMBERS)), expected, rtol=1e-12)


def test_probabilities_that_underflow_tie():
    merged = merge_mean_probability(np.array([[0.0, -2000.0, 0.0, -2000.0]]), (np.array([1]), np.array([3])))
    assert merged[0, 0] == merged[0, 1]
    assert np.isfinite(merged).all()


@pytest.mark.parametrize("merge", [merge_max, merge_mean_probability])
def test_a_class_that_no_name_stands_for_is_never_predicted(merge):
    logits = np.random.default_rng(1).normal(size=(30, 4))
    merged = merge(logits, (np.array([], dtype=np.int64), np.array([1]), np.array([2])))
    assert 0 not in merged.argmax(axis=1)
