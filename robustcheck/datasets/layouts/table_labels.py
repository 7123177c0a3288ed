"""Labels in a table: texts are names of classes, whole numbers are their places.

A CSV cannot tell a text from a number. Where both readings are possible there and differ, neither is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import IntArray
from robustcheck.errors import DataError, did_you_mean
from robustcheck.files.numbers import number_of, whole_number
from robustcheck.files.texts import stripped
from robustcheck.listing import name_first

Label = str | int
# How pandas and databases write what is missing.
_MISSING = frozenset(("nan", "NaN", "<NA>", "NaT", "null", "NULL"))


def labels_of(
    labels: Sequence[Label], class_names: tuple[str, ...], source: Path, *, typed: bool
) -> tuple[tuple[str, ...], IntArray]:
    """Return the class names and the labels (n,) as places among them.

    ``typed`` says that the source tells texts from numbers. Without ``class_names`` the names are the distinct texts in
    their order, and none where the labels are places.
    """
    if any(isinstance(label, int) for label in labels):
        if texts := [label for label in labels if isinstance(label, str)]:
            raise DataError(
                f"labels by place and labels by name, such as {texts[0]!r}",
                where=str(source),
                expected="one way for all rows: whole numbers, or names in quotes",
            )
        return class_names, np.array([int(label) for label in labels], dtype=np.int64)
    texts = [stripped(str(label)) for label in labels]
    places = None if typed else _places(texts)
    if places is None and not typed and not class_names:
        _require_no_fractions(texts, source)
    if places is None or _are_names(texts, places, class_names, source):
        return _by_name(texts, class_names, source)
    return class_names, np.array(places, dtype=np.int64)


def index_of_class(name: str, class_names: Sequence[str], where: str) -> int:
    """Return the place of a class; raise DataError for an unknown name and for one that several classes have."""
    return places_of([name], class_names, where)[0]


def places_of(names: Sequence[str], class_names: Sequence[str], where: str) -> list[int]:
    """Return the place of each class; raise DataError as ``index_of_class`` does."""
    places: dict[str, list[int]] = {}
    for place, known in enumerate(class_names):
        places.setdefault(known, []).append(place)
    for name in names:
        if name not in places:
            raise DataError(
                f"the label {name!r} is not in classes.txt",
                where=where,
                expected=name_first(class_names, 10),
                fix=did_you_mean(name, class_names) or _quoted(name),
            )
        if len(places[name]) > 1:
            raise DataError(
                f"the class name {name!r} stands for several classes: {', '.join(map(str, places[name]))}",
                where=where,
                expected="labels by place (whole numbers from 0), or names that differ",
            )
    return [places[name][0] for name in names]


def _places(texts: Sequence[str]) -> list[int] | None:
    found = [whole_number(text) for text in texts]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) else None


def _require_no_fractions(texts: Sequence[str], source: Path) -> None:
    """Refuse labels that are all numbers and not all whole: pandas writes places so where one is missing."""
    if texts and all(number_of(text) is not None for text in texts):
        odd = next(text for text in texts if whole_number(text) is None)
        raise DataError(
            f"labels that are numbers with a fraction, such as {odd}",
            where=str(source),
            expected="whole numbers from 0, or names",
            fix="write the numbers without a point; names that look like numbers belong into classes.txt",
        )


def _are_names(texts: Sequence[str], places: Sequence[int], class_names: Sequence[str], source: Path) -> bool:
    """Tell whether texts that are numbers are names; raise DataError where they may be either."""
    if not texts or not set(class_names).issuperset(texts):
        return False
    place = {name: index for index, name in reversed(list(enumerate(class_names)))}
    names = [place[text] for text in texts]
    if names == list(places):
        return False
    if all(0 <= place < len(class_names) for place in places):
        first = next(row for row, pair in enumerate(zip(names, places, strict=True)) if pair[0] != pair[1])
        raise DataError(
            f"the label {texts[first]} may be the class called {texts[first]!r} or the class at place {places[first]}, "
            f"which is called {class_names[places[first]]!r}",
            where=str(source),
            expected="labels that can be read in one way only",
            fix='write a manifest.jsonl: {"label": "3"} is a name, {"label": 3} a place',
        )
    return True


def _by_name(texts: Sequence[str], class_names: tuple[str, ...], source: Path) -> tuple[tuple[str, ...], IntArray]:
    if "" in texts:
        raise DataError(f"row {texts.index('') + 1} has no label", where=str(source), expected="a class name")
    if not class_names and (odd := next((text for text in texts if text in _MISSING), None)):
        raise DataError(
            f"row {texts.index(odd) + 1} has the label {odd!r}, which is how tables write that there is none",
            where=str(source),
            expected="a class name",
            fix="leave the row out; a class that is called so belongs into classes.txt",
        )
    names = class_names or tuple(sorted(set(texts)))
    return names, np.array(places_of(texts, names, str(source)), dtype=np.int64)


def _quoted(name: str) -> str:
    return "" if whole_number(name) is None else "a text is a name: write a place as a number, without quotes"
