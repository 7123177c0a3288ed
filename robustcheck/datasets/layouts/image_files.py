"""Images at any depth of a directory, whatever its folders mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import IMAGE_SUFFIXES, Contents, ImageFiles
from robustcheck.errors import DataError

UNKNOWN = "unknown"


def image_paths(directory: Path) -> Iterator[Path]:
    """Yield the images under a directory, at any depth."""
    # Folders are often links into a shared disk, so links are followed.
    for place, _, names in os.walk(directory, followlinks=True):
        for name in names:
            if name.rpartition(".")[2].lower() in IMAGE_SUFFIXES and not name.startswith("."):
                yield Path(place, name)


def image_names(directory: Path) -> tuple[str, ...]:
    """Return the paths of all images under a directory, relative to it, in order."""
    names = tuple(sorted(path.relative_to(directory).as_posix() for path in image_paths(directory)))
    if not names:
        raise DataError("no images", where=str(directory), expected="files such as .png or .jpg, at any depth")
    return names


def read_unlabelled(directory: Path, index_dir: Path | None = None) -> Contents:
    """Read images whose classes nobody knows: one class for all of them."""
    names = image_names(directory)
    return Contents(
        directory=directory,
        layout="unlabelled",
        ids=np.array(names, dtype=np.str_),
        labels=np.zeros(len(names), dtype=np.int64),
        class_count=1,
        class_names=(UNKNOWN,),
        templates=(),
        groups={},
        files=tuple(directory / name for name in names),
        pictures=ImageFiles(directory, names),
    )
