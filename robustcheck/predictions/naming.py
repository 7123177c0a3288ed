"""Classes by name or by number: what a file calls them becomes indices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, did_you_mean
from robustcheck.files.numbers import whole_number
from robustcheck.listing import name_first
from robustcheck.predictions.values import NO_CLASS, Ints, Strings

Names = tuple[str, ...]
_NUMBER = re.compile(r"-?\d+")


def names_in(where: Path, *columns: npt.NDArray[Any] | None) -> Names | None:
    """Return the distinct class names that columns write, sorted; None when they write numbers only."""
    texts = [_texts(column) for column in columns if column is not None]
    by_number = {_are_numbers(column) for column in texts}
    if by_number == {True, False}:
        raise DataError(
            "some classes by number and some by name", where=str(where), expected="one way for predictions and labels"
        )
    if by_number != {False}:
        return None
    return tuple(sorted({text for column in texts for text in column if text}))


def indices(column: npt.NDArray[Any], names: Names | None, where: Path, what: str) -> Ints:
    """Return a column of classes as indices; an empty text is no class at all.

    Numbers are indices already; texts are looked up in ``names``.
    """
    if np.issubdtype(column.dtype, np.integer):
        return column.astype(np.int64)
    if column.dtype.kind not in "US":
        raise DataError(f"{what} of type {column.dtype}", where=str(where), expected="whole numbers or class names")
    texts = _texts(column)
    if _are_numbers(texts):
        return np.array([_number(text, where, what) if text else NO_CLASS for text in texts], dtype=np.int64)
    places = {name: index for index, name in enumerate(names or ())} | {"": NO_CLASS}
    _check_known(texts, places, names or (), where, what)
    return np.array([places[text] for text in texts], dtype=np.int64)


def wide_names(columns: Sequence[str], prefix: str, where: Path) -> tuple[Names | None, Ints]:
    """Return the class names of columns PREFIX + NAME, and the columns in class order.

    Numbers 0 to C - 1 are indices of the data set's classes: the names are None then.
    """
    suffixes = [column.removeprefix(prefix) for column in columns]
    in_order = np.arange(len(suffixes), dtype=np.int64)
    if not all(suffix.isdecimal() for suffix in suffixes):
        return tuple(suffixes), in_order
    numbers = np.array([_number(suffix, where, "a column") for suffix in suffixes], dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    if not np.array_equal(numbers[order], in_order):
        raise DataError(
            f"{len(columns)} columns {columns[0]} to {columns[-1]}",
            where=f"{where}:1",
            expected=f"one column a class: {prefix}0 to {prefix}{len(columns) - 1}",
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


def _texts(column: npt.NDArray[Any]) -> list[str]:
    return [str(text) for text in as_strings(column).tolist()]


def _are_numbers(texts: Sequence[str]) -> bool:
    return all(_NUMBER.fullmatch(text) for text in texts if text)


def _number(text: str, where: Path, what: str) -> int:
    number = whole_number(text)
    if number is None:
        raise DataError(f"{what} {text!r}", where=str(where), expected="the number of a class")
    return number


def as_strings(column: npt.NDArray[Any]) -> Strings:
    """Return a column of texts (or bytes, or numbers) as strings."""
    if column.dtype.kind == "S":
        return np.char.decode(column, "utf-8", "backslashreplace")
    return column.astype(np.str_)
