"""Numbers written as text."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"-?[0-9]{1,19}")


def whole_number(text: str) -> int | None:
    """Return the whole number that a text is, or None: also for one that 64 bits cannot hold.

    >>> whole_number("-7"), whole_number("7.0"), whole_number("9" * 5000)
    (-7, None, None)
    """
    if not _WHOLE.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None
