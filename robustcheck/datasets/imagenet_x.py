"""ImageNet-X: the factors of variation of ImageNet's validation images, from the package ``imagenet-x``.

The package carries annotations and no images, so the dataset is a view of ``imagenet-val``. Its files are
read directly: importing it would import pandas. Prototypes, the images that the others were compared
with, are left out.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from robustcheck.datasets.catalogue import CatalogueEntry
from robustcheck.datasets.class_sets import IMAGENET, class_set_indices, imagenet_class_names
from robustcheck.datasets.dataset import Dataset, ImageDataset, IntArray
from robustcheck.datasets.imagenet_names import imagenet_x_file, validation_labels, validation_name
from robustcheck.datasets.layouts.text_files import read_csv_rows
from robustcheck.datasets.views import Known, view
from robustcheck.errors import DataError
from robustcheck.files.json_files import read_json_lines

FACTORS = (
    "pose",
    "background",
    "pattern",
    "color",
    "smaller",
    "shape",
    "partial_view",
    "subcategory",
    "texture",
    "larger",
    "darker",
    "object_blocking",
    "person_blocking",
    "style",
    "brighter",
    "multiple_objects",
)
# A class outside these groups of related classes counts as "other".
METACLASSES = frozenset(
    {
        "device",
        "dog",
        "commodity",
        "bird",
        "structure",
        "covering",
        "wheeled_vehicle",
        "food",
        "equipment",
        "insect",
        "vehicle",
        "furniture",
        "primate",
        "vessel",
        "snake",
        "natural_object",
    }
)
FILE_NAME = "file_name"  # the column of a groups.csv that carries ImageNet's own names


def imagenet_x_view(entry: CatalogueEntry, base: Dataset) -> ImageDataset:
    """Show the annotated images of the validation set."""
    known = imagenet_x_known()
    place = {name: row for row, name in enumerate(_names_of(base))}
    absent = [name for name in known.ids.tolist() if name not in place]
    if absent:
        raise DataError(
            f"{len(absent)} of the {len(known.ids)} annotated images are not in it, the first {absent[0]}",
            where=base.name,
            expected="the whole validation set",
        )
    rows = np.array([place[name] for name in known.ids.tolist()], dtype=np.int64)
    _require_labels(base, rows, known)
    return view(entry, base, rows, known)


@functools.cache
def imagenet_x_known() -> Known:
    """Return ids, labels and factors of the annotated images, in the order of their names.

    Groups: ``factor`` is the annotators' main one (empty where there is none), ``factors`` all of them,
    joined by ";", and ``metaclass`` the group of classes that the image's class belongs to.
    """
    top, multi = (_annotated(f"imagenet_x_val_{which}_factor.jsonl") for which in ("top", "multi"))
    prototypes = {row[FILE_NAME] for row in read_csv_rows(imagenet_x_file("prototypical_paths.csv"))}
    names = sorted(top.keys() - prototypes)
    labels = np.array([top[name][0] for name in names], dtype=np.int64)
    return Known(
        ids=np.array(names, dtype=np.str_),
        labels=labels,
        class_names=imagenet_class_names(),
        groups={
            "factor": np.array([top[name][1] for name in names], dtype=np.str_),
            "factors": np.array([multi[name][1] for name in names], dtype=np.str_),
            "metaclass": np.array(_metaclasses(), dtype=np.str_)[labels],
        },
        class_set=IMAGENET,
        columns=class_set_indices(IMAGENET),
    )


@functools.cache
def validation_known() -> Known:
    """Return the names and labels of all 50,000 validation images, without the images."""
    label_of = validation_labels()
    return Known(
        ids=np.array(list(label_of), dtype=np.str_),
        labels=np.array(list(label_of.values()), dtype=np.int64),
        class_names=imagenet_class_names(),
        class_set=IMAGENET,
        columns=class_set_indices(IMAGENET),
    )


def _annotated(name: str) -> dict[str, tuple[int, str]]:
    """Return the class and the factors of each annotated image."""
    rows: Iterator[tuple[str, Any]] = read_json_lines(imagenet_x_file(name), DataError)
    return {
        row[FILE_NAME]: (int(row["class"]), ";".join(factor for factor in FACTORS if row[factor])) for _, row in rows
    }


def _metaclasses() -> list[str]:
    rows = read_csv_rows(imagenet_x_file("imagenet_1k_classes_to_100_metaclasses.csv"))
    return [row["name"] if row["name"] in METACLASSES else "other" for row in rows]


def _names_of(base: Dataset) -> Iterator[str]:
    """Yield ImageNet's own name of each image, from the column that carries it or from the ids."""
    carried = base.groups.get(FILE_NAME, base.ids)
    for text in carried.tolist():
        name = validation_name(text)
        if name is None:
            raise DataError(
                f"the sample {text!r} does not carry the name of its file, so its factors are not known",
                where=base.name,
                expected="names like ILSVRC2012_val_00000001.JPEG",
                fix=f"beside classnames.txt put a groups.csv with the columns id and {FILE_NAME}, "
                "or give the validation set as a directory of one folder a class with its own file names",
            )
        yield name


def _require_labels(base: Dataset, rows: IntArray, known: Known) -> None:
    other = np.flatnonzero(base.labels[rows] != known.labels)
    if other.size:
        first = other[0]
        raise DataError(
            f"{other.size} images have another class than ImageNet-X says, the first {known.ids[first]}: "
            f"{base.labels[rows][first]}",
            where=base.name,
            expected=f"{known.labels[first]}, the classes in ImageNet's own order",
        )
