"""CSV from outside: rows with their lines; a separator inside a field moves no row, a broken row is a complaint."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from robustcheck.errors import RobustcheckError
from robustcheck.files.regular import open_regular
from robustcheck.files.texts import read_text

Row = tuple[int, list[str]]
_EXPECTED = "a CSV file in UTF-8"


def read_rows(path: Path, complaint: type[RobustcheckError], *, expected: str = _EXPECTED) -> Iterator[Row]:
    """Yield the line and the cells of each row of a CSV file, the header first; blank lines are left out."""
    yield from parse_rows(read_text(path, complaint, expected=expected), str(path), complaint, expected=expected)


def parse_rows(text: str, where: str, complaint: type[RobustcheckError], *, expected: str = _EXPECTED) -> Iterator[Row]:
    """Yield the line and the cells of each row of a CSV text."""
    yield from _numbered_rows(io.StringIO(text, newline=""), where, complaint, expected)


def stream_rows(path: Path, complaint: type[RobustcheckError], *, expected: str = _EXPECTED) -> Iterator[Row]:
    """Yield rows as ``read_rows`` does without ever holding the file: for tables larger than the memory."""
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig", newline="") as file:
            yield from _numbered_rows(file, str(path), complaint, expected)
    except OSError as error:
        raise complaint(f"cannot be read: {error.strerror or error}", where=str(path), expected=expected) from error
    except UnicodeDecodeError:
        raise complaint("the file is not UTF-8 text", where=str(path), expected=expected) from None


def _numbered_rows(lines: Iterable[str], where: str, complaint: type[RobustcheckError], expected: str) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    first = 1
    try:
        for cells in reader:
            if cells:
                _refuse_nul(cells, f"{where}:{first}", complaint, expected)
                yield first, cells
            first = reader.line_num + 1
    except csv.Error as error:
        raise complaint(f"not CSV: {error}", where=f"{where}:{first}", expected=expected) from error


def _refuse_nul(cells: list[str], where: str, complaint: type[RobustcheckError], expected: str) -> None:
    if any("\0" in cell for cell in cells):
        raise complaint("a NUL byte in the text", where=where, expected=expected)
