"""Texts in the files of users: what stands around them does not count, and which of them are numbers."""

from __future__ import annotations

import re

# A byte-order mark belongs before a file; editors and spreadsheets also leave it inside.
_MARKS = "\ufeff\u200b"
_LINE_END = re.compile(r"\r\n|\n|\r")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def stripped(text: str) -> str:
    """Return a text without the white space and byte-order marks around it.

    >>> stripped("\\ufeff cat ")
    'cat'
    """
    while (inner := text.strip().strip(_MARKS)) != text:
        text = inner
    return text


def whole_number(text: str) -> int | None:
    """Return the whole number that a text writes in plain digits, or None.

    >>> whole_number(" 12"), whole_number("1_2"), whole_number("n02")
    (12, None, None)
    """
    text = stripped(text)
    return int(text) if _NUMBER.fullmatch(text) else None


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as an editor counts them: what Unicode also calls a line separator is part of a line.

    >>> lines_of("a\\u2028b\\r\\nc")
    ['a\\u2028b', 'c']
    """
    return _LINE_END.split(text)
