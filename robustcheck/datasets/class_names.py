"""What lists of class names can have wrong: names that are one text to a model, and numbers written before names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from robustcheck.errors import DataError
from robustcheck.listing import name_first

_NUMBERED = re.compile(r"([0-9]{1,9})[\s.:,)_-]+[^\s0-9].*")


def require_order_of_lines(names: Sequence[str], where: str) -> None:
    """Refuse lines that say in another way than by their order which class is which.

    The label k is of line k. A tab, or numbers that count the classes in another order, mean something else.
    """
    numbers = _numbers_before(names)
    counted = sorted(numbers) in (list(range(len(names))), list(range(1, len(names) + 1)))
    if counted and numbers != sorted(numbers):
        place = next(place for place, number in enumerate(numbers) if number - min(numbers) != place)
        raise DataError(
            f"line {place + 1} is {names[place]!r}: by its number it is another class than by its line",
            where=where,
            expected="one class name a line, in the order of the labels, without numbers",
        )
    if tabbed := [name for name in names if "\t" in name]:
        raise DataError(
            f"a tab in the class name {tabbed[0]!r}", where=where, expected="one class name a line and nothing else"
        )


def defects_of_names(names: Sequence[str]) -> tuple[str, ...]:
    """Say which class names mislead a model that reads them: equal names, and names with a number in front."""
    return (*_alike_in_words(names), *_numbered_in_words(names))


def as_read(name: str) -> str:
    r"""Return a name as tokenizers see it: in one coding of its letters, in lower case, with single spaces.

    >>> as_read("Great_White  Shark"), as_read("cafe\u0301") == as_read("caf\u00e9")
    ('great white shark', True)
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())


def _alike_in_words(names: Sequence[str]) -> tuple[str, ...]:
    counts: dict[str, list[str]] = {}
    for name in names:
        counts.setdefault(as_read(name), []).append(name)
    alike = [found for found in counts.values() if len(found) > 1]
    if not alike:
        return ()
    shown = name_first([repr(name) for name in alike[0]], 3)
    return (
        f"{sum(map(len, alike))} classes share their names with others, such as {shown}: "
        "a model that reads names cannot tell them apart",
    )


def _numbered_in_words(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) < 2 or len(set(_numbers_before(names))) < len(names):
        return ()
    return (f"the class names begin with numbers, such as {names[0]!r}: a model that reads names reads these too",)


def _numbers_before(names: Sequence[str]) -> list[int]:
    """Return the numbers that stand before the names; none where a name has none."""
    found = [_NUMBERED.fullmatch(name) for name in names]
    return [int(match[1]) for match in found if match] if all(found) else []
