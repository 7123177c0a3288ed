"""Summaries: each column against a straight calculation, and what is not known is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from robustcheck.errors import DataError
from robustcheck.outputs.summary import COLUMNS, Summary, summarise

RNG = np.random.default_rng(0)
LOGITS, COSINES = RNG.normal(scale=8, size=(50, 7)), RNG.uniform(-1, 1, size=(50, 7))
LABELS = RNG.integers(7, size=50)


def test_every_column_equals_a_straight_calculation() -> None:
    found = summarise(LOGITS, LABELS, COSINES).columns
    p = softmax(LOGITS, axis=1)
    order = np.argsort(-LOGITS, axis=1, kind="stable")
    expected = {
        "predicted": LOGITS.argmax(axis=1),
        "rank": (order == LABELS[:, None]).argmax(axis=1),
        "max_logit": LOGITS.max(axis=1),
        "logsumexp": logsumexp(LOGITS, axis=1),
        "label_logit": LOGITS[np.arange(50), LABELS],
        "entropy": -(p * log_softmax(LOGITS, axis=1)).sum(axis=1),
        "square_sum": (p**2).sum(axis=1),
        "mcm": np.log(softmax(COSINES, axis=1).max(axis=1)),
    }
    assert set(expected) == set(COLUMNS)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_confidence_and_correct() -> None:
    summary = summarise(LOGITS, LABELS)
    np.testing.assert_allclose(summary.confidence, softmax(LOGITS, axis=1).max(axis=1))
    np.testing.assert_array_equal(summary.correct, LOGITS.argmax(axis=1) == LABELS)


def test_a_certain_prediction_has_no_entropy_and_no_nan() -> None:
    table = summarise(np.array([[1e4, 0.0, 0.0]]), np.array([0])).columns
    assert table["entropy"][0] == 0
    assert table["square_sum"][0] == 1


@pytest.mark.parametrize(("column", "needed"), [("rank", "label"), ("label_logit", "label"), ("mcm", "zero-shot")])
def test_what_is_not_known_is_an_error_that_names_the_metric(column: str, needed: str) -> None:
    summary = summarise(LOGITS, None)
    with pytest.raises(DataError, match=f"(?s)some_metric needs.*{needed}.*50 samples lack"):
        summary.column(column, "some_metric")


def test_rows_are_taken_in_order() -> None:
    summary = summarise(LOGITS, LABELS)
    taken = summary.rows(np.array([3, 1]))
    assert isinstance(taken, Summary)
    np.testing.assert_array_equal(taken.table, summary.table[[3, 1]])
