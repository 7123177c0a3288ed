"""Hold saved predictions against a data set: its samples in its order, its classes in theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.listing import name_first
from robustcheck.predictions.naming import lookup
from robustcheck.predictions.saved_predictions import NO_CLASS, Floats, Ints, Predictions, Strings, refuse
from robustcheck.predictions.trials import stimulus_of


def aligned(
    predictions: Predictions,
    ids: npt.NDArray[np.str_],
    class_count: int,
    where: str,
    *,
    labels: Ints | None = None,
    others: bool = False,
) -> Predictions:
    """Return the predictions on the given ids, in their order; raise DataError where they do not fit.

    Directories before a file name need not agree when the names are unique. ``others`` lets the file hold
    further samples (those that a view of the data set leaves out). Labels in the file must be ``labels``,
    where these are given. ``where`` names the data set.
    """
    rows = _rows_of(predictions, ids, where, others)
    found = _keep_rows(predictions, rows)
    _check_classes(found, class_count, where)
    if labels is not None and found.labels is not None:
        refuse(found, found.labels != labels, f"have another label than in {where}", "the data set's labels")
    return replace(found, ids=ids)


def settled(predictions: Predictions, class_names: Sequence[str]) -> Predictions:
    """Return predictions whose classes are surely by place or by name, given the names of the data set's classes.

    Numbers in a CSV may be either where the data set's classes are called by numbers: names if they cannot be places,
    and a DataError if the two readings differ.
    """
    written = predictions.numbers
    place = {name: index for index, name in enumerate(class_names)}
    if not written or not all(text in place for text in written.values()):
        return predictions
    if all(place[text] == number for number, text in written.items()):
        return predictions
    if predictions.kind != "classes" or all(0 <= number < len(class_names) for number in written):
        number, text = next((number, text) for number, text in written.items() if place[text] != number)
        raise DataError(
            f"the class {text} may be the one called {text!r} or the one at place {number}",
            where=str(predictions.path),
            expected="classes that can be read in one way only",
            fix="write an NPZ file: integers are places there, and texts are names",
        )
    return _by_name(predictions)


def _by_name(predictions: Predictions) -> Predictions:
    """Return best classes whose numbers are names."""
    names = tuple(predictions.numbers.values())
    place = {number: index for index, number in enumerate(predictions.numbers)} | {NO_CLASS: NO_CLASS}
    labels = predictions.labels
    return replace(
        predictions,
        values=np.array([place[value] for value in predictions.values.tolist()], dtype=np.int64),
        labels=None if labels is None else np.array([place[value] for value in labels.tolist()], dtype=np.int64),
        class_names=names,
        numbers={},
    )


def with_names(predictions: Predictions, class_names: Sequence[str]) -> Predictions:
    """Return the predictions with classes counted as in ``class_names``; those without names as they are.

    Logits and probabilities may be of further classes, which are left out before any softmax.
    """
    predictions = settled(predictions, class_names)
    own = predictions.class_names
    if own is None or own == tuple(class_names):
        return replace(predictions, class_names=tuple(class_names))
    where = str(predictions.path)
    if predictions.kind == "classes":
        place = np.append(lookup(tuple(class_names), own, where, "classes are none of the data set's"), NO_CLASS)
        # The appended place keeps "no class" what it is: index -1 is the last.
        renamed = replace(predictions, values=place[predictions.values.astype(np.int64)])
        labels = None if predictions.labels is None else place[predictions.labels]
        return replace(renamed, labels=labels, class_names=tuple(class_names))
    return replace(
        with_columns(predictions, lookup(own, class_names, where, "classes of the data set have no column")),
        class_names=tuple(class_names),
    )


def with_columns(predictions: Predictions, columns: Ints) -> Predictions:
    """Return logits (or log-probabilities) of some classes only; raise DataError for a best class.

    A column below 0 is of a class that was not predicted: its logit is -inf. Columns are taken before the softmax
    (PROTOCOLS section 2), so probabilities become logits: their logarithms.
    """
    if predictions.kind == "classes":
        raise DataError(
            "the best of other classes says nothing about these",
            where=str(predictions.path),
            expected="logits or probabilities of every class",
        )
    width = predictions.values.shape[1]
    if columns.max() >= width:
        raise DataError(f"{width} classes", where=str(predictions.path), expected=f"at least {columns.max() + 1}")
    position = np.full(width + 1, NO_CLASS, dtype=np.int64)
    position[columns[columns >= 0]] = np.flatnonzero(columns >= 0)
    labels = None if predictions.labels is None else position[predictions.labels]
    values = logits_of_values(predictions)[:, columns]
    values[:, columns < 0] = -np.inf
    return replace(predictions, kind="logits", values=values, labels=labels, class_names=None)


def logits_of_values(predictions: Predictions) -> Floats:
    """Return logits, for which the logarithms of probabilities serve: softmax(log p) = p."""
    values = cast(Floats, predictions.values)
    if predictions.kind == "logits":
        return values
    # A probability written as 0 is not known to be smaller than the smallest float.
    return np.log(np.maximum(values, np.finfo(np.float64).tiny))


def _rows_of(predictions: Predictions, ids: Strings, where: str, others: bool) -> Ints:
    """Return the row of each id: by the id, by its file name, or by the cue-conflict stimulus it ends in."""
    ways: tuple[Callable[[str], str], ...] = (str, _file_name, stimulus_of)
    for way in ways:
        own = {way(name): row for row, name in enumerate(predictions.ids.tolist())}
        wanted = [way(name) for name in ids.tolist()]
        is_clear = len(own) == len(predictions) and len(set(wanted)) == len(wanted)
        if is_clear and all(name in own for name in wanted):
            rows = np.array([own[name] for name in wanted], dtype=np.int64)
            _check_others(predictions, rows, where, others)
            return rows
    raise _missing(predictions, ids, where)


def _file_name(image_id: str) -> str:
    return image_id.rpartition("/")[2]


def _check_others(predictions: Predictions, rows: Ints, where: str, others: bool) -> None:
    if others or len(rows) == len(predictions):
        return
    unknown = np.delete(predictions.ids, rows).tolist()
    raise DataError(
        f"{len(unknown)} of {len(predictions)} predictions are on samples outside {where}: {name_first(unknown, 3)}",
        where=str(predictions.path),
        expected=f"the {len(rows)} samples of {where}",
    )


def _missing(predictions: Predictions, ids: Strings, where: str) -> DataError:
    own = {_file_name(name) for name in predictions.ids.tolist()}
    missing = [name for name in ids.tolist() if _file_name(name) not in own]
    if not missing:
        return DataError(
            "file names that occur in several directories",
            where=str(predictions.path),
            expected=f"ids as in {where}, with directories: {name_first(ids.tolist(), 3)}",
        )
    return DataError(
        f"no predictions on {len(missing)} of {len(ids)} samples of {where}: {name_first(missing, 3)}",
        where=str(predictions.path),
        expected=f"ids as in {where}; these are such as {predictions.ids[0]}",
    )


def _keep_rows(predictions: Predictions, rows: Ints) -> Predictions:
    return replace(
        predictions,
        ids=predictions.ids[rows],
        values=predictions.values[rows],
        confidence=None if predictions.confidence is None else predictions.confidence[rows],
        labels=None if predictions.labels is None else predictions.labels[rows],
        groups={name: column[rows] for name, column in predictions.groups.items()},
    )


def _check_classes(predictions: Predictions, class_count: int, where: str) -> None:
    expected = f"the {class_count} classes of {where}, counted from 0"
    values = predictions.values
    if predictions.kind == "classes":
        refuse(predictions, (values < NO_CLASS) | (values >= class_count), "have a class outside the range", expected)
    elif values.shape[1] != class_count:
        raise DataError(
            f"{predictions.kind} of {values.shape[1]} classes", where=str(predictions.path), expected=expected
        )
    if predictions.labels is not None:
        outside = (predictions.labels < 0) | (predictions.labels >= class_count)
        refuse(predictions, outside, "have a label outside the range", expected)
