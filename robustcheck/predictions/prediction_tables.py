"""CSV files as columns, with the line of each row for messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustcheck.errors import DataError, did_you_mean
from robustcheck.files.csv_files import stream_rows
from robustcheck.files.numbers import whole_number
from robustcheck.files.texts import name_in, stripped
from robustcheck.listing import name_first
from robustcheck.predictions.saved_predictions import Floats, Ints

WIDE_PREFIXES = ("logit_", "prob_")


@dataclass(frozen=True, slots=True, eq=False)
class PredictionTable:
    """The columns of a CSV file: ``texts`` by name, and those of one number a class as one ``matrix``.

    ``wide`` are the names of the matrix' columns, prefix and all; ``lines`` are the rows' line numbers.
    """

    path: Path
    texts: dict[str, list[str]]
    wide: tuple[str, ...]
    matrix: Floats
    lines: tuple[int, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names of the columns of text."""
        return tuple(self.texts)

    def column(self, name: str) -> list[str]:
        """Return the texts of a column; raise DataError when the file has none of that name."""
        if name not in self.texts:
            raise DataError(
                f"no column {name!r}",
                where=str(self.path),
                expected=f"a header with it; this one has {name_first([*self.header, *self.wide], 12)}",
                fix=did_you_mean(name, self.header),
            )
        return self.texts[name]

    def whole_numbers(self, name: str) -> Ints:
        """Return a column of whole numbers."""
        found = zip(self.column(name), self.lines, strict=True)
        return np.array([_whole(text, f"{self.path}:{line}") for text, line in found], dtype=np.int64)

    def numbers(self, name: str) -> Floats:
        """Return a column of numbers."""
        found = zip(self.column(name), self.lines, strict=True)
        return np.array([_row([text], f"{self.path}:{line}")[0] for text, line in found], dtype=np.float64)


def read_prediction_table(path: Path) -> PredictionTable:
    """Read a CSV file; raise DataError on another encoding, a ragged row or a column named twice."""
    rows = stream_rows(path, DataError, expected="a UTF-8 CSV file of predictions")
    header = [stripped(name) for name in next(rows, (1, []))[1]]
    _check_header(header, path)
    wide = [index for index, name in enumerate(header) if name.startswith(WIDE_PREFIXES)]
    narrow = [index for index, name in enumerate(header) if not name.startswith(WIDE_PREFIXES)]
    texts: list[list[str]] = []
    numbers: list[Floats] = []
    lines: list[int] = []
    for line, row in rows:
        where = f"{path}:{line}"
        _check_width(row, header, where)
        texts.append([name_in(row[index], DataError, where) for index in narrow])
        # Text becomes numbers row by row: fifty million of them as text would fill the memory.
        numbers.append(_row([row[index] for index in wide], where))
        lines.append(line)
    matrix = np.array(numbers, dtype=np.float64).reshape(len(lines), len(wide))
    columns = {header[index]: [row[place] for row in texts] for place, index in enumerate(narrow)}
    return PredictionTable(path, columns, tuple(header[index] for index in wide), matrix, tuple(lines))


def _check_header(header: Sequence[str], path: Path) -> None:
    if not header:
        raise DataError("the file is empty", where=str(path), expected="a CSV file with a header")
    twice = [name for name in header if header.count(name) > 1] if len(set(header)) < len(header) else []
    if twice:
        raise DataError(f"two columns {twice[0]!r}", where=f"{path}:1", expected="each column once")


def _check_width(row: Sequence[str], header: Sequence[str], where: str) -> None:
    if len(row) != len(header):
        raise DataError(f"{len(row)} fields", where=where, expected=f"{len(header)} as in the header")


def _row(texts: list[str], where: str) -> Floats:
    try:
        # Python reads "1_000" as a number; in a table it is a slip.
        if any("_" in text for text in texts):
            raise ValueError(next(text for text in texts if "_" in text)[:40])
        return np.array(texts, dtype=np.float64)
    except ValueError as error:
        raise DataError(f"not a number ({error})", where=where) from error


def _whole(text: str, where: str) -> int:
    number = whole_number(text)
    if number is None:
        raise DataError(f"{text!r} is not a whole number", where=where, expected="the number of a class")
    return number
