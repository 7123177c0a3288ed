"""The general form: named columns, of a CSV or of an NPZ file, that together are predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustcheck.errors import DataError
from robustcheck.predictions.naming import Column, Names, as_strings, indices, names_in, numbers_in
from robustcheck.predictions.saved_predictions import Kind, Predictions

OUTPUTS: tuple[Kind, ...] = ("logits", "probabilities")
EXPECTED = "exactly one of logits, probabilities and predicted"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of a file as they were read; ``outputs`` (n, C) are of ``kind``.

    ``suffixes`` are what follows ``logit_`` or ``prob_`` where that is a number; ``typed`` says that the file tells
    numbers from texts.
    """

    path: Path
    ids: Column
    kind: Kind
    outputs: Column | None = None
    predicted: Column | None = None
    confidence: Column | None = None
    labels: Column | None = None
    class_names: Names | None = None
    groups: Mapping[str, Column] | None = None
    suffixes: Column | None = None
    typed: bool = True


def predictions_of(columns: Columns) -> Predictions:
    """Return the predictions that columns are; raise DataError where their shapes or types do not fit."""
    _check_shapes(columns)
    path, typed = columns.path, columns.typed
    written = (columns.predicted, columns.labels)
    names = columns.class_names or names_in(path, typed, *written)
    if names is not None and columns.outputs is not None and columns.class_names is None:
        raise DataError(
            f"labels by name, and {columns.kind} by number",
            where=str(path),
            expected="names of the columns too (class_names, or logit_NAME), or labels by number",
        )
    return Predictions(
        ids=as_strings(columns.ids, path),
        kind=columns.kind,
        values=_values(columns, names),
        confidence=None if columns.confidence is None else columns.confidence.astype(np.float64),
        labels=None if columns.labels is None else indices(columns.labels, names, path, "a label", typed),
        class_names=names,
        groups={name: as_strings(group, path) for name, group in (columns.groups or {}).items()},
        path=path,
        numbers={} if typed else numbers_in(names, *written, columns.suffixes),
    )


def _values(columns: Columns, names: Names | None) -> Column:
    if columns.outputs is not None:
        return columns.outputs.astype(np.float64)
    assert columns.predicted is not None
    return indices(columns.predicted, names, columns.path, "a predicted class", columns.typed)


def _check_shapes(columns: Columns) -> None:
    if (columns.outputs is None) == (columns.predicted is None):
        raise DataError("no predictions, or several kinds", where=str(columns.path), expected=EXPECTED)
    if columns.outputs is not None:
        _check_outputs(columns, columns.outputs)
    named = {"predicted": columns.predicted, "confidence": columns.confidence, "labels": columns.labels}
    for name, column in {"ids": columns.ids, **named, **(columns.groups or {})}.items():
        if column is not None and column.shape != (len(columns.ids),):
            raise _misshapen(name, column, f"({len(columns.ids)},), one a sample", columns.path)
    if columns.confidence is not None and columns.confidence.dtype.kind != "f":
        raise DataError(f"confidence of type {columns.confidence.dtype}", where=str(columns.path), expected="floats")


def _check_outputs(columns: Columns, outputs: Column) -> None:
    if outputs.dtype.kind not in "fiu":
        raise DataError(f"{columns.kind} of type {outputs.dtype}", where=str(columns.path), expected="floats")
    if outputs.ndim != 2 or outputs.shape[0] != len(columns.ids) or not outputs.shape[1]:
        raise _misshapen(columns.kind, outputs, f"({len(columns.ids)}, C)", columns.path)
    if columns.class_names is not None and len(columns.class_names) != outputs.shape[1]:
        raise DataError(
            f"{len(columns.class_names)} class names for {outputs.shape[1]} columns",
            where=str(columns.path),
            expected="a name a column",
        )
    if columns.confidence is not None:
        raise DataError("confidence beside " + columns.kind, where=str(columns.path), expected="it follows from them")


def _misshapen(name: str, column: Column, expected: str, path: Path) -> DataError:
    return DataError(f"{name} of shape {column.shape}", where=str(path), expected=expected)
