"""Numbers written as text."""

from __future__ import annotations

import re

from robustcheck.files.texts import stripped

_WHOLE = re.compile(r"-?[0-9]{1,19}")


def whole_number(text: str) -> int | None:
    """Return the whole number that a text writes in plain digits, or None: also for one that 64 bits cannot hold.

    >>> whole_number(" -7"), whole_number("7.0"), whole_number("1_2"), whole_number("9" * 5000)
    (-7, None, None, None)
    """
    text = stripped(text)
    if not _WHOLE.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def number_of(text: str) -> float | None:
    """Return the number that a text writes, or None.

    >>> number_of("2.5"), number_of("1e9"), number_of("many")
    (2.5, 1000000000.0, None)
    """
    try:
        return float(text)
    except ValueError:
        return None
