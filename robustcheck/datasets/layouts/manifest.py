"""A manifest: a CSV or JSONL with the columns path and label; further columns are groups.

``label`` is a place (a whole number from 0) or a class name; ``classes.txt`` beside it fixes the order of the names. In
JSON a text is always a name. An optional column ``id`` names the samples, which else are named by their paths. Paths
are relative and stay inside the directory.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.label_defects import counted_from_one
from robustcheck.datasets.layouts.table_labels import Label, labels_of
from robustcheck.datasets.layouts.text_files import (
    group_columns,
    read_csv_rows,
    read_names_by_place,
    read_set_templates,
)
from robustcheck.errors import DataError, did_you_mean
from robustcheck.files.json_files import read_json_lines
from robustcheck.files.regular import irregular, is_regular
from robustcheck.files.texts import name_in
from robustcheck.printing import shown

NAMES = ("manifest.csv", "manifest.jsonl")
CLASSES = "classes.txt"
Row = dict[str, str]


def is_manifest(path: Path) -> bool:
    """Tell whether a path is a manifest, or a directory that has one."""
    if path.is_dir():
        return any((path / name).exists() for name in NAMES)
    return is_regular(path) and path.suffix.lower() in {".csv", ".jsonl"}


def read_manifest(path: Path) -> Contents:
    """Read a manifest without decoding an image."""
    source = _source(path)
    directory = source.parent
    rows, labels = _rows(source)
    names = tuple(inside(row["path"], source) for row in rows)
    defects = require_files(directory, names, source)
    known = read_names_by_place(directory / CLASSES)
    class_names, places = labels_of(labels, known, source, typed=source.suffix.lower() != ".csv")
    require_one_label(names, places.tolist(), directory, source)
    is_by_place = all(str(label).strip() == str(place) for label, place in zip(labels, places.tolist(), strict=True))
    beside = (source, directory / CLASSES, directory / "templates.txt")
    return Contents(
        directory=directory,
        layout="manifest",
        ids=np.array([row.get("id", name) for row, name in zip(rows, names, strict=True)], dtype=np.str_),
        labels=places,
        class_count=len(class_names) or int(places.max(initial=-1)) + 1,
        class_names=class_names,
        templates=read_set_templates(directory / "templates.txt"),
        groups=group_columns(rows, set(rows[0]) - {"path", "label", "id"}, source),
        files=(*{directory / name: None for name in names}, *(path for path in beside if is_regular(path))),
        pictures=ImageFiles(directory, names),
        defects=(*defects, *(counted_from_one(places.tolist(), class_names) if is_by_place else ())),
    )


def _source(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = [path / name for name in NAMES if (path / name).exists()]
    if len(found) > 1:
        raise DataError("both manifest.csv and manifest.jsonl", where=str(path), expected="one of them")
    return found[0]


def _rows(source: Path) -> tuple[list[Row], list[Label]]:
    """Return the rows as texts, and their labels as the source types them."""
    is_csv = source.suffix.lower() == ".csv"
    rows = read_csv_rows(source) if is_csv else _json_rows(source)
    if not rows:
        raise DataError("no rows", where=str(source), expected="a row for each image")
    for column in ("path", "label"):
        if column not in rows[0]:
            raise DataError(
                f"no column {column!r}, only {', '.join(map(str, rows[0]))}",
                where=str(source),
                expected="the columns path and label",
                fix=did_you_mean(column, rows[0]),
            )
    labels = [row["label"] for row in rows]
    return [
        {name: "" if value is None else name_in(str(value), DataError, str(source)) for name, value in row.items()}
        for row in rows
    ], labels


def _json_rows(source: Path) -> list[dict[str, Label]]:
    rows: list[dict[str, Label]] = []
    for where, value in read_json_lines(source, DataError):
        row = _json_row(value, where)
        if rows and row.keys() != rows[0].keys():
            raise DataError(f"the keys {', '.join(row)}", where=where, expected=", ".join(rows[0]))
        rows.append(row)
    return rows


def _json_row(row: object, where: str) -> dict[str, Label]:
    if not isinstance(row, dict) or any(isinstance(value, dict | list) for value in row.values()):
        raise DataError(f"found {shown(row)}", where=where, expected="an object of texts and numbers")
    if isinstance(row.get("label"), bool | float | None):
        raise DataError(f"the label {row.get('label')!r}", where=where, expected="an integer or a class name")
    if isinstance(row["label"], int) and abs(row["label"]) >= 1 << 62:
        raise DataError("a label of that size", where=where, expected="the place of a class, from 0")
    return row


def inside(text: str, source: Path) -> str:
    """Return a normal relative path; an absolute one or one that leaves the directory is refused."""
    path = os.path.normpath(text.replace("\\", "/"))
    if not text or "\0" in text or os.path.isabs(path) or PurePosixPath(path).parts[:1] == ("..",):
        raise DataError(
            f"the path {text!r} leaves the directory", where=str(source), expected="a path relative to the manifest"
        )
    return path


def require_files(directory: Path, names: Sequence[str], source: Path) -> tuple[str, ...]:
    """Make sure that every image that a table names is a file; return the defects of naming one several times."""
    owners: dict[tuple[int, int], str] = {}
    missing: list[str] = []
    for name in dict.fromkeys(names):
        try:
            status = (directory / name).stat()
        except OSError:
            missing.append(name)
            continue
        if reason := irregular(status):
            raise DataError(f"{name} cannot be an image: {reason}", where=str(source), expected="a regular file")
        owners.setdefault((status.st_dev, status.st_ino) if status.st_ino else (0, -1 - len(owners)), name)
    if missing:
        raise DataError(f"{len(missing)} of {len(names)} images are missing, the first {missing[0]}", where=str(source))
    return _counted_twice(names, len(owners))


def require_one_label(names: Sequence[str], labels: Sequence[int], directory: Path, source: Path) -> None:
    """Refuse an image, under one name or several, that has another label in a later row."""
    first: dict[tuple[int, int] | str, tuple[str, int]] = {}
    for name, label in zip(names, labels, strict=True):
        status = (directory / name).stat()
        key = (status.st_dev, status.st_ino) if status.st_ino else name
        other, known = first.setdefault(key, (name, label))
        if known != label:
            raise DataError(
                f"{name} has the label {label}, and as {other} the label {known}",
                where=str(source),
                expected="one label for an image",
                fix="correct the rows, or make a copy of the image if both are meant",
            )


def _counted_twice(names: Sequence[str], files: int) -> tuple[str, ...]:
    if files == len(names):
        return ()
    name, count = Counter(names).most_common(1)[0]
    example = f"{name} in {count} rows" if count > 1 else "one file under several names"
    return (f"{len(names) - files} of {len(names)} rows show an image that an earlier row shows: {example}",)
