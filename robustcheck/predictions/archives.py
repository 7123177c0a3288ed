"""NPZ files of predictions. Nothing in them is ever unpickled."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from robustcheck.errors import DataError
from robustcheck.predictions.columns import EXPECTED, OUTPUTS, Columns, predictions_of
from robustcheck.predictions.naming import Column, as_strings
from robustcheck.predictions.values import Kind, Predictions
from robustcheck.regular_files import open_regular

KNOWN = frozenset({"ids", *OUTPUTS, "predicted", "confidence", "labels", "class_names"})


def read_archive(path: Path) -> Predictions:
    """Read an NPZ file: ids; logits, probabilities or predicted [confidence]; [labels, class_names]; groups."""
    arrays = _arrays(path)
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


def _arrays(path: Path) -> dict[str, Column]:
    try:
        with open_regular(path) as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("one bare array")
            return {name: archive[name] for name in archive.files}
    # numpy and zipfile report damage by whatever their parsers meet.
    except (
        OSError, ValueError, LookupError, EOFError, TypeError, SyntaxError, ArithmeticError, RuntimeError, MemoryError,
        struct.error, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise DataError(
            f"cannot read the predictions: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            expected="an NPZ file of plain arrays (numpy.savez); Python objects are never unpickled",
        ) from error
