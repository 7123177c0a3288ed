"""NPZ files of predictions. Nothing in them is ever unpickled."""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import DataError
from robustcheck.files.array_files import read_arrays
from robustcheck.predictions.columns import EXPECTED, OUTPUTS, Columns, predictions_of
from robustcheck.predictions.naming import Column, as_strings
from robustcheck.predictions.saved_predictions import Kind, Predictions

KNOWN = frozenset({"ids", *OUTPUTS, "predicted", "confidence", "labels", "class_names"})
_EXPECTED_FILE = "an NPZ file of plain arrays (numpy.savez); Python objects are never unpickled"


def read_archive(path: Path) -> Predictions:
    """Read an NPZ file: ids; logits, probabilities or predicted [confidence]; [labels, class_names]; groups."""
    arrays = read_arrays(path, DataError, what="the predictions", expected=_EXPECTED_FILE)
    if "ids" not in arrays:
        raise DataError("no ids", where=str(path), expected="an array ids of strings, and " + EXPECTED)
    found = [kind for kind in OUTPUTS if kind in arrays]
    if len(found) + ("predicted" in arrays) != 1:
        raise DataError("no predictions, or several kinds", where=str(path), expected=EXPECTED)
    kind: Kind = found[0] if found else "classes"
    names = arrays.get("class_names")
    return predictions_of(
        Columns(
            path=path,
            ids=_strings("ids", arrays["ids"], path),
            kind=kind,
            outputs=arrays.get(kind),
            predicted=arrays.get("predicted"),
            confidence=arrays.get("confidence"),
            labels=arrays.get("labels"),
            class_names=None if names is None else tuple(_strings("class_names", names, path).tolist()),
            groups={name: _strings(name, array, path) for name, array in arrays.items() if name not in KNOWN},
        )
    )


def _strings(name: str, array: Column, path: Path) -> Column:
    if array.dtype.kind not in "US":
        raise DataError(
            f"the array {name!r} is of type {array.dtype}",
            where=str(path),
            expected="strings (groups, ids and class_names), or one of " + ", ".join(sorted(KNOWN)),
        )
    return as_strings(array, path)
