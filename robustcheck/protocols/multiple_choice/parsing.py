"""What a written answer chooses: a letter, a name, or nothing that can be told.

1. An answer that begins with a letter of the list, as ``A``, ``A.``, ``(A)``, ``A: ...`` or ``Answer: A``, chooses it.
   ``A dog`` does not: there it is an article.
2. Else one that declines is refused: ``I cannot tell``, ``none of the above``.
3. Else the name that it contains, of several overlapping ones the longest, whole words, in any case.
4. Two different choices make it ambiguous; without any it cannot be read.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from robustcheck.protocols.multiple_choice.questions import LETTERS

How = Literal["letter", "name", "ambiguous", "refused", "unread"]

HOWS: tuple[How, ...] = ("letter", "name", "ambiguous", "refused", "unread")
_BARE = re.compile(r"[(\[]?([A-D])[)\].:,]*", re.IGNORECASE)
_MARKED = re.compile(r"\(([A-D])\)|\[([A-D])\]|([A-D])[).:]", re.IGNORECASE)
# Only as a capital, and A only where it cannot be an article.
_SPACED = re.compile(r"([B-D])\s")
_SAID = re.compile(r"\b(?i:answer|option|choice|letter)(?:\s+is)?\s*:?\s*[(\[]?([B-D]\b|A\b(?!\s+\w))")
_REFUSED = re.compile(
    r"\b(?:sorry|cannot|can['\u2019]?t|can not|unable|not able|unsure|not sure|(?:do not|don['\u2019]t) know|"
    r"none of|neither|no (?:clear|main) object)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """The place of the chosen option among those of the list, or None, and how it was told."""

    option: int | None
    how: How


def parse_answer(text: str, names: Sequence[str]) -> ReadAnswer:
    """Return what an answer chooses among the names of its question.

    >>> names = ("cat", "dog", "hot dog", "bun")
    >>> [parse_answer(text, names).option for text in ("(B)", "B.dog", "A hot dog", "The answer is D.", "cat or bun")]
    [1, 1, 2, 3, None]
    """
    text = " ".join(text.split())
    letters = _letters(text)
    if len(letters) > 1:
        return ReadAnswer(None, "ambiguous")
    if letters:
        (place,) = letters
        # A letter whose own name is not there, before the name of another one, contradicts itself.
        named = _named_options(text, names)
        return ReadAnswer(None, "ambiguous") if named and place not in named else ReadAnswer(place, "letter")
    if _REFUSED.search(text):
        return ReadAnswer(None, "refused")
    named = _named_options(text, names)
    if len(named) > 1:
        return ReadAnswer(None, "ambiguous")
    return ReadAnswer(named.pop(), "name") if named else ReadAnswer(None, "unread")


def _letters(text: str) -> set[int]:
    if found := _BARE.fullmatch(text):
        return {_place(found[1])}
    first = _MARKED.match(text) or _SPACED.match(text)
    said = [_place(found[1]) for found in _SAID.finditer(text)]
    return {*said, *([_place(next(filter(None, first.groups())))] if first else [])}


def _place(letter: str) -> int:
    return LETTERS.index(letter.upper())


def _named_options(text: str, names: Sequence[str]) -> set[int]:
    """Return the options that a text names; a name inside of a longer one that is there, too, is not counted."""
    starts = [
        [found.start() for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)]
        for name in names
    ]
    lengths = [len(name) for name in names]

    def is_inside_another(start: int, length: int) -> bool:
        return any(
            _has_between(starts[other], start + length - lengths[other], start)
            for other in range(len(names))
            if lengths[other] > length
        )

    return {
        place
        for place, found in enumerate(starts)
        if any(not is_inside_another(start, lengths[place]) for start in found)
    }


def _has_between(ascending: Sequence[int], low: int, high: int) -> bool:
    place = bisect_left(ascending, low)
    return place < len(ascending) and ascending[place] <= high
