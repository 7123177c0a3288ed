"""A series of looks that share the false alarms of one: nightly runs, or the checkpoints of a training run."""

from __future__ import annotations

import re
from dataclasses import dataclass

# It is the name of a file, too.
SERIES_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"


@dataclass(frozen=True, slots=True)
class Series:
    """Looks that share the false alarms of one: so many ``looks``, or any number where that is None."""

    name: str
    looks: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The place of a verdict in a series, counted from 1, and the ``share`` of its check's level that it may spend."""

    series: Series
    number: int
    share: float


def require_series_name(text: str) -> str:
    """Return the name of a series; raise ValueError saying what was expected."""
    if not re.fullmatch(SERIES_NAME, text):
        raise ValueError("expected letters, digits, '.', '_' and '-', such as nightly")
    return text
