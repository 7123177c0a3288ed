"""ImageNet's validation images by the names of their files, from the package ``imagenet-x``.

The package lists the class of each of the 50,000. Its files are read directly: importing it would import pandas.
"""

from __future__ import annotations

import csv
import functools
import re
import types
from collections.abc import Mapping
from pathlib import Path

from robustcheck.datasets.class_sets import package_directory
from robustcheck.errors import SetupError

_NAME = re.compile(r"ILSVRC2012_val_\d{8}")


def validation_name(text: str) -> str | None:
    """Return ImageNet's own file name inside a sample id or a path, if there is one.

    >>> validation_name("val/n01440764/ILSVRC2012_val_00000293.jpg")
    'ILSVRC2012_val_00000293.JPEG'
    """
    found = _NAME.search(text)
    return f"{found[0]}.JPEG" if found else None


@functools.cache
def validation_labels() -> Mapping[str, int]:
    """Return the class of each validation image by its file name, in the order of the package's list."""
    with imagenet_x_file("filename_label.csv").open(encoding="utf-8", newline="") as file:
        return types.MappingProxyType({row["file_name"]: int(row["label"]) for row in csv.DictReader(file)})


def imagenet_x_file(name: str) -> Path:
    """Return one of the annotation files of the package."""
    path = package_directory("imagenet_x", "imagenet-x") / "annotations" / name
    if not path.is_file():
        raise SetupError(f"the package imagenet-x has no {name}", fix="pip install 'imagenet-x>=0.0.7'")
    return path
