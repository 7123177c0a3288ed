"""Zero-shot arithmetic: the order of normalising, ties, masks and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from robustcheck.errors import DataError, ModelError
from robustcheck.protocols.classify import (
    TextHead,
    class_texts,
    keep_classes,
    supervised_logits,
    text_weights,
    zero_shot_logits,
)

NAMES, TEMPLATES = ("ant", "bee", "cat", "dog", "bee"), ("a {c}.", "the {c}.", "{c}")


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
    np.testing.assert_allclose(text_weights(embed, NAMES, TEMPLATES), expected, atol=1e-12)


def test_class_names_keep_their_braces():
    assert class_texts(["{x}"], ["a {c} {y}"]) == [["a {x} {y}"]]


def test_logits_are_scaled_cosines_and_equal_names_tie():
    features = np.random.default_rng(0).normal(size=(33, 8)).astype(np.float32)
    head = TextHead(text_weights(embed, NAMES, TEMPLATES), 50.0, -3.0)
    logits = zero_shot_logits(features, head)
    np.testing.assert_allclose(logits, 50.0 * features.astype(np.float64) @ head.weights.T - 3.0, atol=1e-10)
    np.testing.assert_array_equal(logits[:, 1], logits[:, 4])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_text_without_direction_is_an_error(value):
    with pytest.raises(ModelError, match="zero, infinite or NaN"):
        text_weights(lambda texts: np.full((len(texts), 4), value, dtype=np.float32), NAMES, TEMPLATES)


def test_no_classes_or_templates_is_an_error():
    with pytest.raises(DataError, match="0 class names"):
        text_weights(embed, (), TEMPLATES)
    with pytest.raises(DataError, match="0 templates"):
        text_weights(embed, NAMES, ())


def test_the_columns_of_a_classifier_are_taken_and_not_zeroed():
    outputs = np.array([[-1.0, -5.0, -2.0, 9.0]], dtype=np.float32)
    found = supervised_logits(outputs, np.array([2, 0]), 2)
    assert found.tolist() == [[-2.0, -1.0]]
    assert supervised_logits(outputs, None, 4).tolist() == outputs.tolist()


def test_a_classifier_of_other_classes_is_refused():
    outputs = np.zeros((1, 4), dtype=np.float32)
    with pytest.raises(ModelError, match="4 outputs cannot score 3 classes"):
        supervised_logits(outputs, None, 3)
    with pytest.raises(ModelError, match="no output 4"):
        supervised_logits(outputs, np.array([1, 4]), 2)


def test_kept_classes_compete_alone():
    logits, labels = np.array([[9.0, 1.0, 2.0], [9.0, 4.0, 3.0]]), np.array([2, 1])
    kept, among = keep_classes(logits, labels, np.array([1, 2]))
    assert kept.tolist() == [[1.0, 2.0], [4.0, 3.0]]
    assert among.tolist() == [1, 0]
