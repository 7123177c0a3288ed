"""ImageFolder: one sub-directory of images a class, at any depth below it (see ``class_folders``)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.layouts.class_folders import CLASS_NAMES, class_folders
from robustcheck.datasets.layouts.image_files import has_image, is_class_like, require_one_meaning, walk_images
from robustcheck.datasets.layouts.parquet import has_parts
from robustcheck.datasets.layouts.shards import has_numbered_shards
from robustcheck.datasets.layouts.splits import SPLITS
from robustcheck.datasets.layouts.text_files import read_groups, read_set_templates
from robustcheck.datasets.wordnet import imagenet_name, is_wnid, wnid_inside
from robustcheck.errors import DataError
from robustcheck.files.regular import is_regular
from robustcheck.listing import name_first


def is_imagefolder(directory: Path) -> bool:
    """Tell whether a directory has sub-directories with images."""
    if not directory.is_dir():
        return False
    return any(child.is_dir() and is_class_like(child.name) and has_image(child) for child in directory.iterdir())


def read_imagefolder(directory: Path) -> Contents:
    """Read an ImageFolder without decoding an image."""
    walk = walk_images(directory)
    inner = [name for name in walk.images if "/" in name]
    require_one_meaning(walk, directory, _folder, "classes")
    _require_one_set(directory, inner, len(walk.images) - len(inner))
    _require_folders_of_images(directory, inner)
    classes = class_folders(directory, Counter(map(_folder, inner)))
    # In the order of the labels, and inside a class in that of the names.
    listed = [name for name in inner if _folder(name) in classes.labels]
    names = tuple(sorted(listed, key=lambda name: classes.labels[_folder(name)]))
    _require_own_ids(directory, names)
    ids = np.array(names, dtype=np.str_)
    beside = tuple(directory / name for name in (CLASS_NAMES, "templates.txt", "groups.csv"))
    return Contents(
        directory=directory,
        layout="imagefolder",
        ids=ids,
        labels=np.array([classes.labels[_folder(name)] for name in names], dtype=np.int64),
        class_count=classes.class_count,
        class_names=classes.class_names,
        templates=read_set_templates(directory / "templates.txt"),
        groups=read_groups(directory / "groups.csv", ids),
        files=(*(directory / name for name in names), *(path for path in beside if is_regular(path))),
        pictures=ImageFiles(directory, names),
        wnids=classes.wnids,
        defects=(*walk.defects, *classes.defects, *_beside(len(walk.images) - len(inner))),
    )


def _folder(name: str) -> str:
    return name.partition("/")[0]


def _require_one_set(directory: Path, inner: Sequence[str], beside: int) -> None:
    """Refuse folders of images beside a set in another layout: of which of the two are the verdicts to be?"""
    others = {
        "the parts of a set in parquet files": has_parts(directory),
        "the numbered shards of a set": has_numbered_shards(directory),
        f"{beside} images, which are more than those in folders ({len(inner)})": beside > len(inner),
    }
    for other, is_here in others.items():
        if is_here:
            raise DataError(
                f"folders with images ({_folder(inner[0])}) beside {other}",
                where=str(directory),
                expected="one set in one layout",
                fix="put one of the two into a directory of its own",
            )


def _require_folders_of_images(directory: Path, names: Sequence[str]) -> None:
    """Refuse folders that hold nothing but the same folders: the classes are further down."""
    folders: dict[str, set[str]] = {}
    for name in names:
        folders.setdefault(_folder(name), set()).add(name.split("/")[1] if name.count("/") > 1 else "")
    inner = next(iter(folders.values()))
    # The parts of a set (train, test) are told apart by their names.
    if (
        SPLITS.issuperset(folder.lower() for folder in folders)
        or "" in inner
        or any(own != inner for own in folders.values())
    ):
        return
    if len(folders) == 1:
        place = os.path.commonpath([name.rpartition("/")[0] for name in names])
        found = f"one class folder, {_folder(names[0])}, which holds folders and no image of its own"
    elif len(inner) > 1 and not (directory / CLASS_NAMES).exists():
        place = _folder(names[0])
        found = f"{len(folders)} folders that hold the same {len(inner)} folders: {name_first(sorted(inner), 3)}"
    else:
        return
    raise DataError(
        found,
        where=str(directory),
        expected="a folder for each class",
        fix=f"name the directory whose folders are the classes, perhaps {directory / place}",
    )


def _require_own_ids(directory: Path, names: Sequence[str]) -> None:
    """Refuse an image whose name carries the WordNet id of another class than its folder."""
    for name in names:
        own = wnid_inside(name) if is_wnid(_folder(name)) else None
        if own not in (None, _folder(name)) and imagenet_name(own or "") is not None:
            raise DataError(
                f"{name} carries the id of another class than its folder",
                where=str(directory),
                expected=f"the folder {own}",
                fix="move it, or rename it if the folder is right",
            )


def _beside(count: int) -> tuple[str, ...]:
    return (f"{count} images beside the class folders are not read",) if count else ()
