"""The small text files that lie beside images: class names, templates, tables, groups.

White space and byte-order marks around names, headers and cells do not count. Lines end where an editor ends them: what
Unicode also calls a line separator may be part of a value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import StrArray
from robustcheck.errors import DataError
from robustcheck.regular_files import read_regular
from robustcheck.texts import lines_of, stripped

RESERVED = frozenset({"classes"})  # `where: {classes: ...}` names a class set


def read_text(path: Path) -> str:
    """Read a UTF-8 file; raise DataError if it is not one."""
    try:
        return read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot be read as UTF-8 text: {found}", where=str(path)) from error


def read_lines(path: Path) -> tuple[str, ...]:
    """Read the stripped lines of a file that may be missing; blank lines at its end do not count."""
    if not path.exists():
        return ()
    lines = [stripped(line) for line in lines_of(read_text(path))]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


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


def read_table(path: Path, verbatim: Collection[str] = ()) -> list[dict[str, str]]:
    """Read a CSV with a header; raise DataError for a row that does not fit it.

    Cells are stripped, but for those of the columns ``verbatim``.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[dict[str, str]] = []
    try:
        header = [stripped(name) for name in next(reader, [])]
        _require_single_columns(header, path)
        for row in filter(None, reader):
            if len(row) != len(header):
                raise DataError(
                    f"the row does not fit the header: {len(row)} fields",
                    where=f"{path}:{reader.line_num}",
                    expected=f"{len(header)}, in quotes where they hold commas",
                )
            cells = zip(header, row, strict=True)
            rows.append({name: cell if name in verbatim else stripped(cell) for name, cell in cells})
    except csv.Error as error:
        raise DataError(f"not a CSV: {error}", where=f"{path}:{reader.line_num}") from error
    return rows


def read_groups(path: Path, ids: StrArray) -> Mapping[str, StrArray]:
    """Read ``groups.csv`` (id, column...) in the order of the ids; empty when there is no such file."""
    if not path.exists():
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


def load_json(path: Path) -> object:
    """Read a JSON file; raise DataError when it is none."""
    return _json(read_text(path), str(path))


def read_json_lines(path: Path) -> Iterator[tuple[str, object]]:
    """Yield the place and the value of each line of a JSONL file; blank lines are left out."""
    for number, line in enumerate(lines_of(read_text(path)), start=1):
        if stripped(line):
            where = f"{path}:{number}"
            yield where, _json(line, where)


def _json(text: str, where: str) -> object:
    try:
        value = json.loads(text, object_pairs_hook=_single_keys)
        # Half of a surrogate pair is no text: no file can be called so.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", where=where) from error
    return value


def _single_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that occurs twice: of two labels the last would count, and nobody would know."""
    record = {stripped(key): value for key, value in pairs}
    if len(record) < len(pairs):
        keys = [stripped(key) for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:40]!r} occurs twice")
    return record


def _require_single_columns(header: list[str], path: Path) -> None:
    twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if twice:
        raise DataError(f"two columns {twice[0]!r}", where=f"{path}:1", expected="each column once")
