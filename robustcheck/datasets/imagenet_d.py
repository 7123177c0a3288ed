"""ImageNet-D: one split of the release, over its 113 names and the ImageNet classes that stand for them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from robustcheck.datasets.class_sets import imagenet_class_names, mask_rows
from robustcheck.datasets.dataset import Contents, Vocabulary
from robustcheck.datasets.layouts.imagefolder import read_imagefolder
from robustcheck.errors import DataError, did_you_mean

_TABLE = "imagenet_d.csv"


def read_imagenet_d(path: Path, index_dir: Path | None) -> Contents:
    """Read the folders of a split, labelled in the order of the release's list; a split need not have all classes."""
    contents = read_imagefolder(path)
    folders = [row["folder"] for row in mask_rows(_TABLE)]
    found = [name.partition("/")[0] for name in contents.ids.tolist()]
    unknown = sorted(set(found) - set(folders))
    if unknown:
        raise DataError(
            f"{unknown[0]!r} is not a class of ImageNet-D",
            where=str(path),
            expected=f"folders of its {len(folders)} classes, such as {folders[0]}",
            fix=did_you_mean(unknown[0], folders) or "point to background, texture or material of the release",
        )
    place = {folder: label for label, folder in enumerate(folders)}
    return replace(
        contents,
        layout="imagenet-d",
        labels=np.array([place[folder] for folder in found], dtype=np.int64),
        class_count=len(folders),
        class_names=imagenet_d_names(),
        wnids=(),
        vocabulary=imagenet_d_vocabulary(),
        columns=_indices(),
    )


@cache
def imagenet_d_names() -> tuple[str, ...]:
    """Return the names of the 113 classes, in the order of the labels."""
    return tuple(row["name"] for row in mask_rows(_TABLE))


@cache
def imagenet_d_vocabulary() -> Vocabulary:
    """Return the ImageNet names that stand for the classes: what classifiers score, the best of each class counting."""
    names, columns = imagenet_class_names(), _indices()
    members = tuple(
        np.searchsorted(columns, sorted(map(int, row["imagenet"].split()))).astype(np.int64)
        for row in mask_rows(_TABLE)
    )
    return Vocabulary(tuple(names[index] for index in columns), members, "max", for_classifiers=True)


def _indices() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(sorted(int(index) for row in mask_rows(_TABLE) for index in row["imagenet"].split()), np.int64)
