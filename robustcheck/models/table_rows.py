"""Tables of what is known of models: CSV files, one row each."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def rows_of(path: Path) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV file that ships with the package, by column; read once."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
