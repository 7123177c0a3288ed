"""Predictions: the outputs of models that ran elsewhere, read from files and held against a data set."""

from __future__ import annotations

from robustcheck.predictions.align import aligned, logits_of_values, settled, with_columns, with_names
from robustcheck.predictions.directory import find_files, read_files, read_predictions, stem_of
from robustcheck.predictions.saved_predictions import Kind, Predictions, looks_like_softmax
from robustcheck.predictions.summarising import summary_columns, summary_of
from robustcheck.predictions.trials import CATEGORIES
from robustcheck.predictions.write_predictions import write_about, write_predictions

__all__ = [
    "CATEGORIES",
    "Kind",
    "Predictions",
    "aligned",
    "find_files",
    "logits_of_values",
    "looks_like_softmax",
    "read_files",
    "read_predictions",
    "settled",
    "stem_of",
    "summary_columns",
    "summary_of",
    "with_columns",
    "with_names",
    "write_about",
    "write_predictions",
]
