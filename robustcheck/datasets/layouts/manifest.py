"""A manifest: a CSV or JSONL with the columns path and label; further columns are groups.

``label`` is an integer or a class name; ``classes.txt`` beside it fixes the order of the names. An optional column
``id`` names the samples, which else are named by their paths. Paths are relative and stay inside the directory.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles, IntArray
from robustcheck.datasets.layouts.text_files import (
    group_columns,
    read_class_names,
    read_table,
    read_templates,
)
from robustcheck.errors import DataError, did_you_mean
from robustcheck.files.json_files import read_json_lines
from robustcheck.files.numbers import whole_number

NAMES = ("manifest.csv", "manifest.jsonl")
Row = dict[str, str]


def is_manifest(path: Path) -> bool:
    """Tell whether a path is a manifest, or a directory that has one."""
    if path.is_dir():
        return any((path / name).is_file() for name in NAMES)
    return path.is_file() and path.suffix.lower() in {".csv", ".jsonl"}


def read_manifest(path: Path) -> Contents:
    """Read a manifest without decoding an image."""
    source = _source(path)
    directory = source.parent
    rows = _rows(source)
    names = tuple(inside(row["path"], source) for row in rows)
    require_files(directory, names, source)
    class_names, labels = _labels([row["label"] for row in rows], read_class_names(directory / "classes.txt"), source)
    beside = (source, directory / "classes.txt", directory / "templates.txt")
    return Contents(
        directory=directory,
        layout="manifest",
        ids=np.array([row.get("id", row["path"]) for row in rows], dtype=np.str_),
        labels=labels,
        class_count=len(class_names) or int(labels.max(initial=-1)) + 1,
        class_names=class_names,
        templates=read_templates(directory / "templates.txt"),
        groups=group_columns(rows, set(rows[0]) - {"path", "label", "id"}, source),
        files=(*{directory / name: None for name in names}, *(path for path in beside if path.is_file())),
        pictures=ImageFiles(directory, names),
    )


def _source(path: Path) -> Path:
    if path.is_file():
        return path
    found = [path / name for name in NAMES if (path / name).is_file()]
    if len(found) > 1:
        raise DataError("both manifest.csv and manifest.jsonl", where=str(path), expected="one of them")
    return found[0]


def _rows(source: Path) -> list[Row]:
    rows = read_table(source) if source.suffix.lower() == ".csv" else _json_rows(source)
    if not rows:
        raise DataError("no rows", where=str(source), expected="a row for each image")
    for column in ("path", "label"):
        if column not in rows[0]:
            raise DataError(
                f"no column {column!r}, only {', '.join(rows[0])}",
                where=str(source),
                expected="the columns path and label",
                fix=did_you_mean(column, rows[0]),
            )
    return rows


def _json_rows(source: Path) -> list[Row]:
    rows: list[Row] = []
    for where, value in read_json_lines(source, DataError):
        row = _json_row(value, where)
        if rows and row.keys() != rows[0].keys():
            raise DataError(f"the keys {', '.join(row)}", where=where, expected=", ".join(rows[0]))
        rows.append(row)
    return rows


def _json_row(row: object, where: str) -> Row:
    if not isinstance(row, dict) or any(isinstance(value, dict | list) for value in row.values()):
        raise DataError(f"found {str(row)[:60]}", where=where, expected="an object of texts and numbers")
    if isinstance(row.get("label"), bool | float | None):
        raise DataError(f"the label {row.get('label')!r}", where=where, expected="an integer or a class name")
    return {key: "" if value is None else str(value) for key, value in row.items()}


def inside(text: str, source: Path) -> str:
    """Return a normal relative path; an absolute one or one that leaves the directory is refused."""
    path = os.path.normpath(text.replace("\\", "/"))
    if not text or "\0" in text or os.path.isabs(path) or PurePosixPath(path).parts[:1] == ("..",):
        raise DataError(
            f"the path {text!r} leaves the directory", where=str(source), expected="a path relative to the manifest"
        )
    return path


def require_files(directory: Path, names: Sequence[str], source: Path) -> None:
    """Make sure that every image that a table names is there."""
    missing = [name for name in names if not (directory / name).is_file()]
    if missing:
        raise DataError(f"{len(missing)} of {len(names)} images are missing, the first {missing[0]}", where=str(source))


def _labels(texts: list[str], class_names: tuple[str, ...], source: Path) -> tuple[tuple[str, ...], IntArray]:
    """Return the class names and labels: integers are indices, texts are class names."""
    if all(text.strip().removeprefix("-").isdecimal() for text in texts):
        return class_names, np.array([_label(text, source) for text in texts], dtype=np.int64)
    names = class_names or tuple(sorted(set(texts)))
    index = {name: label for label, name in enumerate(names)}
    for text in texts:
        if text not in index:
            raise DataError(
                f"the label {text!r} is not in classes.txt", where=str(source), fix=did_you_mean(text, names)
            )
    return names, np.array([index[text] for text in texts], dtype=np.int64)


def _label(text: str, source: Path) -> int:
    label = whole_number(text.strip())
    if label is None:
        raise DataError(f"the label {text!r}", where=str(source), expected="the number of a class")
    return label
