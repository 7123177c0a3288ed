"""The small text files that lie beside images: class names, templates, groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import StrArray
from robustcheck.errors import DataError
from robustcheck.files import texts as files
from robustcheck.files.csv_files import read_rows

RESERVED = frozenset({"classes"})  # `where: {classes: ...}` names a class set


def read_text(path: Path) -> str:
    """Read a UTF-8 file; raise DataError if it is not one."""
    return files.read_text(path, DataError)


def read_lines(path: Path) -> tuple[str, ...]:
    """Read the stripped lines of a file that may be missing; blank lines at its end do not count."""
    if not path.is_file():
        return ()
    return tuple(line.strip() for line in files.lines_of(read_text(path).rstrip()))


def read_class_names(path: Path) -> tuple[str, ...]:
    """Read one class name a line; a blank line would shift every later label."""
    names = read_lines(path)
    if "" in names:
        raise DataError(f"line {names.index('') + 1} is blank", where=str(path), expected="one class name a line")
    return names


def read_templates(path: Path) -> tuple[str, ...]:
    """Read one template a line, each with ``{c}`` where the class name goes."""
    templates = tuple(line for line in read_lines(path) if line)
    for template in templates:
        if "{c}" not in template:
            raise DataError(f"the template {template!r} has no {{c}}", where=str(path), expected="'a photo of a {c}.'")
    return templates


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a CSV with a header; raise DataError for a row that does not fit it."""
    rows = read_rows(path, DataError)
    _, header = next(rows, (1, []))
    if twice := [name for name, count in Counter(header).items() if count > 1]:
        raise DataError(f"two columns {twice[0]!r}", where=f"{path}:1", expected="each column once")
    found: list[dict[str, str]] = []
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError("the row does not fit the header", where=f"{path}:{line}")
        found.append(dict(zip(header, cells, strict=True)))
    return found


def read_groups(path: Path, ids: StrArray) -> Mapping[str, StrArray]:
    """Read ``groups.csv`` (id, column...) in the order of the ids; empty when there is no such file."""
    if not path.is_file():
        return {}
    rows = read_table(path)
    if not rows or "id" not in rows[0]:
        raise DataError("no rows with a column id", where=str(path), expected="id and one column a group")
    by_id = {row["id"]: row for row in rows}
    missing = [str(sample) for sample in ids if str(sample) not in by_id]
    if missing:
        raise DataError(f"{len(missing)} samples have no row, the first {missing[0]!r}", where=str(path))
    if len(by_id) != len(rows):
        raise DataError(f"{len(rows) - len(by_id)} ids occur twice", where=str(path))
    return group_columns([by_id[str(sample)] for sample in ids], set(rows[0]) - {"id"}, path)


def group_columns(rows: list[dict[str, str]], columns: set[str], path: Path) -> Mapping[str, StrArray]:
    """Return the named columns as arrays."""
    for column in columns & RESERVED:
        raise DataError(f"the column name {column!r} is reserved", where=str(path), fix="rename the column")
    return {column: np.array([row[column] for row in rows], dtype=np.str_) for column in sorted(columns)}
