"""The forms of a CSV file of predictions: ImageNet-X's, and the general one."""

from __future__ import annotations

import difflib

import numpy as np

from robustcheck.errors import DataError
from robustcheck.predictions.columns import Columns, predictions_of
from robustcheck.predictions.naming import Column, wide_names
from robustcheck.predictions.prediction_tables import WIDE_PREFIXES, PredictionTable
from robustcheck.predictions.saved_predictions import Kind, Predictions

BEST_CLASS = frozenset({"file_name", "predicted_class"})
GENERAL = "id with predicted [confidence], or id with one column logit_NAME or prob_NAME a class; [label]"
_KNOWN = ("id", "predicted", "confidence", "label")
_KINDS: dict[str, Kind] = {"logit_": "logits", "prob_": "probabilities"}


def predictions_of_best_class(table: PredictionTable) -> Predictions:
    """Return the predictions in ImageNet-X's form: file_name, predicted_class, predicted_probability."""
    has_confidence = "predicted_probability" in table.header
    return Predictions(
        ids=np.array(table.column("file_name"), dtype=np.str_),
        kind="classes",
        values=table.whole_numbers("predicted_class"),
        confidence=table.numbers("predicted_probability") if has_confidence else None,
        labels=None,
        class_names=None,
        path=table.path,
    )


def general_predictions(table: PredictionTable) -> Predictions:
    """Return the predictions in the general form; columns of other names are groups."""
    for name in table.header:
        _check_name(name, table)
    kind, outputs, names = _outputs(table)
    columns = Columns(
        path=table.path,
        ids=np.array(table.column("id"), dtype=np.str_),
        kind=kind,
        outputs=outputs,
        predicted=_texts(table, "predicted"),
        confidence=table.numbers("confidence") if "confidence" in table.header else None,
        labels=_texts(table, "label"),
        class_names=names,
        groups={name: np.array(table.column(name), dtype=np.str_) for name in table.header if name not in _KNOWN},
        suffixes=None if outputs is None or names is not None else np.arange(outputs.shape[1]).astype(np.str_),
        typed=False,
    )
    return predictions_of(columns)


def _outputs(table: PredictionTable) -> tuple[Kind, Column | None, tuple[str, ...] | None]:
    """Return the kind of predictions, and the columns of one number a class with the classes' names."""
    if not table.wide:
        if "predicted" not in table.header:
            raise DataError("no predictions", where=f"{table.path}:1", expected=GENERAL)
        return "classes", None, None
    prefix = next(prefix for prefix in WIDE_PREFIXES if table.wide[0].startswith(prefix))
    if not all(name.startswith(prefix) for name in table.wide):
        raise DataError("both logit_ and prob_ columns", where=f"{table.path}:1", expected=GENERAL)
    names, order = wide_names(table.wide, prefix, table.path)
    return _KINDS[prefix], table.matrix[:, order], names


def _texts(table: PredictionTable, name: str) -> Column | None:
    return np.array(table.column(name), dtype=np.str_) if name in table.header else None


def _check_name(name: str, table: PredictionTable) -> None:
    """Refuse a group that is nearly the name of a known column: it would be passed over unseen."""
    near = difflib.get_close_matches(name.casefold(), _KNOWN, n=1, cutoff=0.8)
    if name not in _KNOWN and near:
        raise DataError(
            f"unknown column {name!r}",
            where=f"{table.path}:1",
            expected=GENERAL + "; other columns are groups",
            fix=f"did you mean {near[0]!r}?",
        )
