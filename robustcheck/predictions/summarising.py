"""What saved predictions can tell: the summary that every metric of classification is made of."""

from __future__ import annotations

import numpy as np

from robustcheck.outputs.summary import COLUMNS, Summary, summarise
from robustcheck.predictions.align import logits_of_values
from robustcheck.predictions.saved_predictions import Floats, Ints, Predictions


def summary_of(predictions: Predictions, labels: Ints | None) -> Summary:
    """Return the summary of predictions with the labels of their samples; what they do not tell is NaN.

    A best class with its confidence p is taken as max_logit = log p, logsumexp = 0. Its rank is 0 where it
    is right and infinite where it is wrong: how far down the label is cannot be known.
    """
    if predictions.kind != "classes":
        return summarise(logits_of_values(predictions), labels)
    known = _of_best_class(predictions, labels)
    unknown = np.full(len(predictions), np.nan)
    return Summary(np.column_stack([known.get(name, unknown) for name in COLUMNS]))


def summary_columns(predictions: Predictions, labels: Ints | None) -> dict[str, Floats]:
    """Return the summary of predictions as one column a fact, each (n,) float64."""
    return dict(zip(COLUMNS, summary_of(predictions, labels).table.T, strict=True))


def _of_best_class(predictions: Predictions, labels: Ints | None) -> dict[str, Floats]:
    columns = {"predicted": predictions.values.astype(np.float64)}
    is_right = np.zeros(len(predictions), dtype=np.bool_) if labels is None else predictions.values == labels
    # Of a wrong one nothing more is known than that the label is not the best.
    columns["rank"] = np.where(is_right, 0.0, np.nan if labels is None else np.inf)
    if predictions.confidence is not None:
        with np.errstate(divide="ignore"):
            columns["max_logit"] = np.log(predictions.confidence)
        columns["logsumexp"] = np.zeros(len(predictions))
        columns["label_logit"] = np.where(is_right, columns["max_logit"], np.nan)
    return columns
