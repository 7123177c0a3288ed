"""Photographs of objects with a word written on them, in the layouts of their public releases.

The classes are the objects and the typed words together, in alphabetical order, so that a model can fall
for the word. The group ``typed`` names the typed class; it is empty where nothing is written.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles, IntArray
from robustcheck.datasets.layouts import read_directory
from robustcheck.datasets.layouts.image_files import require_one_meaning, told_by_name, walk_to_images
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json
from robustcheck.files.texts import stripped

TYPED = "typed"
_NAME = re.compile(r"label=([^_=]+)_text=([^_=]+)(?:_[^=]*)?")
_ANNOTATIONS = ("annotation.json", "annotations.json")
_OBJECT, _WORD = "true object", "typographic attack label"


def read_typed_names(path: Path, index_dir: Path | None) -> Contents:
    """Read images whose names carry both classes: ``label=dog_text=cat.png`` (PAINT, RTA-100)."""
    walk = walk_to_images(path)
    require_one_meaning(walk, path, told_by_name, "names")
    parsed = [_parse_name(name, path) for name in walk.images]
    objects, words = ([pair[place] for pair in parsed] for place in (0, 1))
    return dataclasses.replace(_typed(path, walk.images, objects, words, "typed-names"), defects=walk.defects)


def read_disentangling(path: Path, index_dir: Path | None) -> Contents:
    """Read the Disentangling release: annotation.json and the photographs it names, at any depth."""
    source = next((path / name for name in _ANNOTATIONS if (path / name).exists()), None)
    if source is None:
        raise DataError("no annotation.json", where=str(path), expected="the file of the release, beside its images")
    rows = _annotations(source)
    walk = walk_to_images(path)
    place = _by_file_name(walk.images, path)
    absent = [name for name in rows if name not in place]
    if absent:
        raise DataError(f"{len(absent)} of {len(rows)} images are missing, the first {absent[0]}", where=str(source))
    names = sorted(rows)
    objects, words = ([rows[name][key] for name in names] for key in (_OBJECT, _WORD))
    contents = _typed(path, tuple(place[name] for name in names), objects, words, "disentangling")
    return dataclasses.replace(contents, files=(*contents.files, source), defects=walk.defects)


def read_typed_manifest(path: Path, index_dir: Path | None) -> Contents:
    """Read a manifest with the columns path, label and typed; further columns are groups (SCAM)."""
    contents = read_directory(path, index_dir)
    if TYPED not in contents.groups or not contents.class_names:
        raise DataError(
            "no columns with the object and the typed word",
            where=str(path),
            expected=f"a manifest.csv with the columns path, label and {TYPED}, both by name",
        )
    objects = np.array(contents.class_names)[contents.labels].tolist()
    names, labels = _classes(objects, contents.groups[TYPED].tolist())
    return dataclasses.replace(contents, class_names=names, class_count=len(names), labels=labels)


def _typed(path: Path, names: tuple[str, ...], objects: Sequence[str], words: Sequence[str], layout: str) -> Contents:
    class_names, labels = _classes(objects, words)
    return Contents(
        directory=path,
        layout=layout,
        ids=np.array(names, dtype=np.str_),
        labels=labels,
        class_count=len(class_names),
        class_names=class_names,
        templates=(),
        groups={TYPED: np.array(words, dtype=np.str_)},
        files=tuple(path / name for name in names),
        pictures=ImageFiles(path, names),
    )


def _classes(objects: Sequence[str], words: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    names = tuple(sorted({*objects, *words} - {""}))
    index = {name: label for label, name in enumerate(names)}
    return names, np.array([index[name] for name in objects], dtype=np.int64)


def _by_file_name(names: Sequence[str], path: Path) -> Mapping[str, str]:
    """Return where the images lie by the names that the annotations know."""
    place: dict[str, str] = {}
    for name in names:
        other = place.setdefault(name.rpartition("/")[2], name)
        if other != name:
            raise DataError(f"{other} and {name} have one name", where=str(path), expected="each image once")
    return place


def _parse_name(name: str, path: Path) -> tuple[str, str]:
    found = _NAME.fullmatch(Path(name).stem)
    if found is None:
        raise DataError(f"{name!r} does not name its classes", where=str(path), expected="label=dog_text=cat.png")
    return found[1].strip(), found[2].strip()


def _annotations(source: Path) -> Mapping[str, Mapping[str, str]]:
    rows = read_json(source, DataError)
    expected = f'{{"IMG_1.JPG": {{"{_OBJECT}": "cup", "{_WORD}": "good"}}, ...}}'
    if not isinstance(rows, dict) or not rows:
        raise DataError("no images", where=str(source), expected=expected)
    for name, row in rows.items():
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in (_OBJECT, _WORD)):
            raise DataError(f"{name} has no two classes", where=str(source), expected=expected)
    return {name: {key: stripped(row[key]) for key in (_OBJECT, _WORD)} for name, row in rows.items()}
