"""The small text files that lie beside images: class names, templates, tables, groups.

White space and byte-order marks around names, headers and cells do not count. Lines end where an editor ends them: what
Unicode also calls a line separator may be part of a value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from robustcheck.datasets.class_names import require_order_of_lines
from robustcheck.datasets.dataset import StrArray
from robustcheck.errors import DataError
from robustcheck.files.csv_files import read_rows
from robustcheck.files.texts import lines_of, name_in, read_text, stripped

RESERVED = frozenset({"classes"})  # `where: {classes: ...}` names a class set


def read_lines(path: Path) -> tuple[str, ...]:
    """Read the stripped lines of a file that may be missing; blank lines at its end do not count."""
    if not path.exists():
        return ()
    lines = [stripped(line) for line in lines_of(read_text(path, DataError))]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def read_class_names(path: Path) -> tuple[str, ...]:
    """Read one class name a line; a blank line would shift every later label."""
    names = read_lines(path)
    if "" in names:
        raise DataError(f"line {names.index('') + 1} is blank", where=str(path), expected="one class name a line")
    return names


def read_names_by_place(path: Path) -> tuple[str, ...]:
    """Read one class name a line, where the label k is of line k."""
    names = read_class_names(path)
    require_order_of_lines(names, str(path))
    return names


def read_set_templates(path: Path) -> tuple[str, ...]:
    """Read one template a line, each with ``{c}`` where the class name goes."""
    templates = tuple(line for line in read_lines(path) if line)
    for template in templates:
        if "{c}" not in template:
            raise DataError(f"the template {template!r} has no {{c}}", where=str(path), expected="'a photo of a {c}.'")
    return templates


def read_csv_rows(path: Path, verbatim: Collection[str] = ()) -> list[dict[str, str]]:
    """Read a CSV with a header; raise DataError for a row that does not fit it.

    Cells are stripped, but for those of the columns ``verbatim``.
    """
    rows = read_rows(path, DataError)
    header = [stripped(name) for name in next(rows, (1, []))[1]]
    _require_single_columns(header, path)
    found: list[dict[str, str]] = []
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(
                f"the row does not fit the header: {len(row)} fields",
                where=f"{path}:{line}",
                expected=f"{len(header)}, in quotes where they hold commas",
            )
        cells = zip(header, row, strict=True)
        where = f"{path}:{line}"
        found.append({name: cell if name in verbatim else name_in(cell, DataError, where) for name, cell in cells})
    return found


def read_groups(path: Path, ids: StrArray) -> Mapping[str, StrArray]:
    """Read ``groups.csv`` (id, column...) in the order of the ids; empty when there is no such file."""
    if not path.exists():
        return {}
    rows = read_csv_rows(path)
    if not rows or "id" not in rows[0]:
        raise DataError("no rows with a column id", where=str(path), expected="id and one column a group")
    by_id = {row["id"]: row for row in rows}
    missing = [str(sample) for sample in ids if str(sample) not in by_id]
    if missing:
        raise DataError(f"{len(missing)} samples have no row, the first {missing[0]!r}", where=str(path))
    if len(by_id) != len(rows):
        raise DataError(f"{len(rows) - len(by_id)} ids occur twice", where=str(path))
    if len(by_id) > len(ids):
        unknown = next(name for name in by_id if name not in set(ids.tolist()))
        raise DataError(
            f"{len(by_id) - len(ids)} of {len(by_id)} rows are of no image, the first {unknown!r}",
            where=str(path),
            expected="the images of the set",
            fix="complete the set, or take these rows away",
        )
    return group_columns([by_id[str(sample)] for sample in ids], set(rows[0]) - {"id"}, path)


def group_columns(rows: list[dict[str, str]], columns: set[str], path: Path) -> Mapping[str, StrArray]:
    """Return the named columns as arrays."""
    for column in columns & RESERVED:
        raise DataError(f"the column name {column!r} is reserved", where=str(path), fix="rename the column")
    return {column: np.array([row[column] for row in rows], dtype=np.str_) for column in sorted(columns)}


def _require_single_columns(header: list[str], path: Path) -> None:
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if twice:
        raise DataError(f"two columns {twice[0]!r}", where=f"{path}:1", expected="each column once")
