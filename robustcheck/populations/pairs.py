"""Matched pairs by name: a CSV with the columns ``before`` and ``after``."""

from __future__ import annotations

import csv
from pathlib import Path

from robustcheck.errors import RecordError

_COLUMNS = ("before", "after")


def read_pairs(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the (before, after) model names of a file; raise RecordError with file and line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise RecordError(
                    f"no column {missing[0]!r}", where=f"{path}:1", expected="a CSV file with the columns before, after"
                )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"cannot be read: {error}", where=str(path), expected="a CSV file in UTF-8") from error
    return tuple(_pair(path, line, row) for line, row in rows)


def _pair(path: Path, line: int, row: dict[str, str | None]) -> tuple[str, str]:
    before, after = ((row[name] or "").strip() for name in _COLUMNS)
    if not before or not after or before == after:
        raise RecordError("this row names no pair", where=f"{path}:{line}", expected="two different models")
    return before, after
