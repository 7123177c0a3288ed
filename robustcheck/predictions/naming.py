"""Classes by name or by number: what a file calls them becomes indices.

Where a file has types (NPZ), a text is a name and an integer a place. A CSV has none: there numbers are places, unless
the data set's classes are called by such numbers, which ``settled`` in ``align`` looks into.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, did_you_mean
from robustcheck.files.numbers import whole_number
from robustcheck.files.texts import stripped
from robustcheck.listing import name_first
from robustcheck.predictions.saved_predictions import NO_CLASS, Ints, Strings

Names = tuple[str, ...]
Column = npt.NDArray[Any]
_ONE_WAY = "one way for predictions and labels: all by name, or all by number"
_TYPED = "write an NPZ file: integers are places there, and texts are names"


def names_in(where: Path, typed: bool, *columns: Column | None) -> Names | None:
    """Return the distinct class names that columns write, sorted; None when they write places only."""
    given = [column for column in columns if column is not None]
    by_number = {_is_of_places(column, typed) for column in given}
    if by_number == {True, False}:
        raise DataError("some classes by number and some by name", where=str(where), expected=_ONE_WAY, fix=_TYPED)
    if by_number != {False}:
        return None
    return tuple(sorted({text for column in given for text in _texts(column, where) if text}))


def indices(column: Column, names: Names | None, where: Path, what: str, typed: bool) -> Ints:
    """Return a column of classes as indices; an empty text is not a class.

    Integers are indices already; texts are looked up in ``names``, and are indices where they cannot be names.
    """
    if np.issubdtype(column.dtype, np.integer):
        return column.astype(np.int64)
    if column.dtype.kind not in "US":
        raise DataError(f"{what} of type {column.dtype}", where=str(where), expected="whole numbers or class names")
    texts = _texts(column, where)
    if not typed and _are_numbers(texts) and not set(names or ()) >= set(filter(None, texts)):
        return np.array(
            [NO_CLASS if (number := whole_number(text)) is None else number for text in texts], dtype=np.int64
        )
    places = {name: index for index, name in enumerate(names or ())} | {"": NO_CLASS}
    _check_known(texts, places, names or (), where, what)
    return np.array([places[text] for text in texts], dtype=np.int64)


def numbers_in(names: Names | None, *columns: Column | None) -> Mapping[int, str]:
    """Return how columns of a file without types write the classes by number, where they do."""
    if names is not None:
        return {}
    texts = {str(text) for column in columns if column is not None for text in column.tolist() if text}
    return {number: text for text in sorted(texts) if (number := whole_number(text)) is not None}


def wide_names(columns: Sequence[str], prefix: str, where: Path) -> tuple[Names | None, Ints]:
    """Return the class names of columns PREFIX + NAME, and the columns in class order.

    Numbers 0 to C - 1 are indices of the data set's classes: the names are None then. Numbers without a 0 are names.
    """
    suffixes = [stripped(column.removeprefix(prefix)) for column in columns]
    in_order = np.arange(len(suffixes), dtype=np.int64)
    found = [whole_number(suffix) for suffix in suffixes]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found) or 0 not in numbers:
        return tuple(suffixes), in_order
    order = np.argsort(np.array(numbers, dtype=np.int64), kind="stable")
    if not np.array_equal(np.array(numbers)[order], in_order):
        raise DataError(
            f"{len(columns)} columns {columns[0]} to {columns[-1]}",
            where=f"{where}:1",
            expected=f"one column a class: {prefix}0 to {prefix}{len(columns) - 1}",
            fix="if these are names, write an NPZ file with logits or probabilities and class_names",
        )
    return None, order


def lookup(names: Names, wanted: Sequence[str], where: str, found: str) -> Ints:
    """Return where each wanted name stands among ``names``; ``found`` says what it means that one does not."""
    _check_single(names, wanted, where)
    places = {name: index for index, name in enumerate(names)}
    missing = [name for name in wanted if name not in places]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(wanted)} {found}: {name_first(missing, 3)}",
            where=where,
            expected=f"class names such as {name_first(names, 10)}",
            fix=did_you_mean(missing[0], names),
        )
    return np.array([places[name] for name in wanted], dtype=np.int64)


def _check_known(texts: list[str], places: dict[str, int], names: Names, where: Path, what: str) -> None:
    unknown = [text for text in dict.fromkeys(texts) if text not in places]
    if unknown:
        raise DataError(
            f"{what} that is not a class name: {name_first(unknown, 3)}",
            where=str(where),
            expected=f"one of {name_first(names, 10)}",
            fix=did_you_mean(unknown[0], names),
        )
    _check_single(names, texts, str(where))


def _check_single(names: Names, wanted: Sequence[str], where: str) -> None:
    """Refuse names that stand for several classes: ImageNet has two such pairs."""
    used = set(wanted)
    twice = [name for name, count in Counter(names).items() if count > 1 and name in used]
    if twice:
        raise DataError(
            f"the class name {twice[0]!r} stands for several classes", where=where, expected="classes by number"
        )


def _texts(column: Column, where: Path) -> list[str]:
    return [stripped(text) for text in as_strings(column, where).tolist()]


def _is_of_places(column: Column, typed: bool) -> bool:
    return column.dtype.kind not in "US" if typed else _are_numbers([str(text) for text in column.tolist()])


def _are_numbers(texts: Sequence[str]) -> bool:
    return all(whole_number(text) is not None for text in texts if text)


def as_strings(column: Column, where: Path) -> Strings:
    """Return a column of texts (or bytes in UTF-8, or numbers) as strings, without what stands around them."""
    try:
        texts = np.char.decode(column, "utf-8") if column.dtype.kind == "S" else column.astype(np.str_)
        found = [stripped(text) for text in texts.reshape(-1).tolist()]
        "".join(found).encode("utf-8")
    except ValueError as error:
        raise DataError(f"texts that cannot be read: {error}", where=str(where), expected="texts in UTF-8") from error
    return np.array(found, dtype=np.str_).reshape(texts.shape)
