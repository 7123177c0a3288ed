"""Matched pairs by name: a CSV with the columns ``before`` and ``after``."""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import RecordError
from robustcheck.files.csv_files import read_rows

_COLUMNS = ("before", "after")


def read_pairs(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the (before, after) model names of a file; raise RecordError with file and line."""
    rows = read_rows(path, RecordError)
    _, header = next(rows, (1, []))
    columns = [name.strip() for name in header]
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        raise RecordError(
            f"no column {missing[0]!r}", where=f"{path}:1", expected="a CSV file with the columns before, after"
        )
    places = tuple(columns.index(name) for name in _COLUMNS)
    return tuple(_names_of_pair(cells, places, f"{path}:{line}") for line, cells in rows)


def _names_of_pair(cells: list[str], places: tuple[int, ...], where: str) -> tuple[str, str]:
    before, after = ((cells[place].strip() if place < len(cells) else "") for place in places)
    if not before or not after or before == after:
        raise RecordError("this row names no pair", where=where, expected="two different models")
    return before, after
