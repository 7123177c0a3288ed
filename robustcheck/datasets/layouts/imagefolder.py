"""ImageFolder: one sub-directory of images a class, at any depth below it.

Labels follow the sorted folder names, or the numbers when every folder is a number. ``classnames.txt`` names the
classes in that order; folders that are WordNet ids are named after ImageNet's classes.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.layouts.image_files import image_paths
from robustcheck.datasets.layouts.text_files import read_class_names, read_groups, read_templates
from robustcheck.errors import DataError

_WNID = re.compile(r"n\d{8}")


def is_imagefolder(directory: Path) -> bool:
    """Tell whether a directory has sub-directories with images."""
    return directory.is_dir() and any(next(image_paths(folder), None) for folder in _folders(directory))


def read_imagefolder(directory: Path) -> Contents:
    """Read an ImageFolder without decoding an image."""
    folders = _folders(directory)
    found = [sorted(image_paths(folder)) for folder in folders]
    names = tuple(path.relative_to(directory).as_posix() for paths in found for path in paths)
    ids = np.array(names, dtype=np.str_)
    beside = tuple(directory / name for name in ("classnames.txt", "templates.txt", "groups.csv"))
    return Contents(
        directory=directory,
        layout="imagefolder",
        ids=ids,
        labels=np.repeat(np.arange(len(folders)), [len(paths) for paths in found]).astype(np.int64),
        class_count=len(folders),
        class_names=_class_names(directory, folders),
        templates=read_templates(directory / "templates.txt"),
        groups=read_groups(directory / "groups.csv", ids),
        files=(*(directory / name for name in names), *(path for path in beside if path.is_file())),
        pictures=ImageFiles(directory, names),
        wnids=_wnids(folders),
    )


def _folders(directory: Path) -> list[Path]:
    """Return the class folders in label order."""
    folders = [child for child in directory.iterdir() if child.is_dir() and not child.name.startswith(".")]
    if _are_numbers(folders):
        # ImageNet-V2 names its folders 0..999: as text, 10 would come before 2.
        return sorted(folders, key=lambda folder: int(folder.name))
    return sorted(folders, key=lambda folder: folder.name)


def _are_numbers(folders: list[Path]) -> bool:
    numbers = {int(folder.name) for folder in folders if folder.name.isdecimal()}
    return numbers == set(range(len(folders)))


def _class_names(directory: Path, folders: list[Path]) -> tuple[str, ...]:
    """Return the names from ``classnames.txt``, of ImageNet, or of the folders; none for mere numbers."""
    written = read_class_names(directory / "classnames.txt")
    if written:
        return _require_one_each(written, folders, directory)
    if wnids := _wnids(folders):
        index = {wnid: label for label, wnid in enumerate(imagenet_wnids())}
        return tuple(imagenet_class_names()[index[wnid]] for wnid in wnids)
    if _are_numbers(folders):
        return ()
    return tuple(folder.name.replace("_", " ") for folder in folders)


def _require_one_each(names: tuple[str, ...], folders: list[Path], directory: Path) -> tuple[str, ...]:
    if len(names) != len(folders):
        raise DataError(
            f"{len(names)} class names for {len(folders)} folders",
            where=str(directory / "classnames.txt"),
            expected="one line a folder, in the order of the sorted folder names",
        )
    return names


def _wnids(folders: list[Path]) -> tuple[str, ...]:
    """Return the folders' WordNet ids if all of them are ImageNet classes."""
    names = tuple(folder.name for folder in folders)
    if not all(_WNID.fullmatch(name) for name in names):
        return ()
    return names if set(names) <= set(imagenet_wnids()) else ()
