"""A layout: one folder of images whose names begin with their class, and a file that lists the classes.

prefixes.txt    zero, one, two, ... one a line, in the order of the labels
zero-001.png    an image of the class zero
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.layout import Layout
from robustcheck.datasets.layouts.image_files import image_names
from robustcheck.datasets.layouts.text_files import read_class_names
from robustcheck.errors import DataError

LIST = "prefixes.txt"


def is_prefixed(path: Path) -> bool:
    """Tell whether a directory shows this layout by itself."""
    return (path / LIST).is_file()


def read_prefixed(path: Path, index_dir: Path | None) -> Contents:
    """Read the directory without decoding an image."""
    classes, names = read_class_names(path / LIST), image_names(path)
    prefixes = [name.partition("-")[0] for name in names]
    for name, prefix in zip(names, prefixes, strict=True):
        if prefix not in classes:
            raise DataError(f"{name} begins with no class", where=str(path), expected="one of " + ", ".join(classes))
    return Contents(
        directory=path,
        layout="prefixed",
        ids=np.array(names),
        labels=np.array([classes.index(prefix) for prefix in prefixes], dtype=np.int64),
        class_count=len(classes),
        class_names=classes,
        templates=(),
        groups={},
        files=(path / LIST, *(path / name for name in names)),
        pictures=ImageFiles(path, names),
    )


PREFIXED = Layout("prefixed", read_prefixed, is_prefixed, f"{LIST} with the classes, and images named CLASS-....png")
