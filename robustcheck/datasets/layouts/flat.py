"""Images that lie in one directory without class folders, and whose names tell their classes.

``ILSVRC2012_val_00000293.JPEG``   ImageNet's validation images: the package ``imagenet-x`` lists the class of each
``..._n01440764.JPEG``, ``n01440764_10026.JPEG``   names that carry the WordNet id of an ImageNet class
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.dataset import Contents, ImageFiles
from robustcheck.datasets.imagenet_names import validation_labels, validation_name
from robustcheck.datasets.layouts.image_files import is_image_name, walk_images
from robustcheck.datasets.layouts.text_files import read_groups, read_lines, read_set_templates
from robustcheck.datasets.wordnet import imagenet_name, is_wnid, wnid_inside
from robustcheck.errors import DataError
from robustcheck.files.regular import is_regular

LAYOUT = "named-files"


def is_flat(directory: Path) -> bool:
    """Tell whether images whose names tell their classes lie directly in a directory."""
    if not directory.is_dir():
        return False
    names = [child.name for child in directory.iterdir() if is_image_name(child.name)]
    return any(validation_name(name) or wnid_inside(name) for name in names)


def read_flat(directory: Path) -> Contents:
    """Read images whose names tell their classes."""
    walk = walk_images(directory)
    names = tuple(name for name in walk.images if "/" not in name)
    if all(validation_name(name) for name in names):
        wnids = _validation_wnids(names)
        classes = imagenet_wnids()
        _require_lists_agree(directory, names, wnids)
    else:
        wnids = tuple(_wnid(name, directory) for name in names)
        classes = tuple(sorted(set(wnids)))
    return _contents(directory, names, wnids, classes, walk.defects)


def _contents(
    directory: Path, names: tuple[str, ...], wnids: Sequence[str], classes: tuple[str, ...], defects: tuple[str, ...]
) -> Contents:
    place = {wnid: label for label, wnid in enumerate(classes)}
    ids = np.array(names, dtype=np.str_)
    beside = tuple(path for path in (directory / "templates.txt", directory / "groups.csv") if is_regular(path))
    return Contents(
        directory=directory,
        layout=LAYOUT,
        ids=ids,
        labels=np.array([place[wnid] for wnid in wnids], dtype=np.int64),
        class_count=len(classes),
        class_names=tuple(imagenet_name(wnid) or "" for wnid in classes),
        templates=read_set_templates(directory / "templates.txt"),
        groups=read_groups(directory / "groups.csv", ids),
        files=(*(directory / name for name in names), *beside),
        pictures=ImageFiles(directory, names),
        wnids=classes,
        defects=defects,
    )


def _validation_wnids(names: Sequence[str]) -> tuple[str, ...]:
    labels, wnids = validation_labels(), imagenet_wnids()
    unknown = [name for name in names if validation_name(name) not in labels]
    if unknown:
        raise DataError(f"{unknown[0]} is none of the 50,000 validation images", expected="ILSVRC2012_val_00000001 on")
    found = tuple(wnids[labels[validation_name(name) or ""]] for name in names)
    for name, wnid in zip(names, found, strict=True):
        if wnid_inside(name) not in (None, wnid):
            raise DataError(f"{name} carries {wnid_inside(name)}", expected=f"{wnid}, the class of this image")
    return found


def _wnid(name: str, directory: Path) -> str:
    wnid = wnid_inside(name)
    if wnid is None or imagenet_name(wnid) is None:
        raise DataError(
            f"{name} carries {'no WordNet id' if wnid is None else f'{wnid}, which is none of ImageNet-1k'}",
            where=str(directory),
            expected="the WordNet id of an ImageNet class in the name of each image, as in others here",
            fix="write a manifest.csv with the columns path and label",
        )
    return wnid


def _require_lists_agree(directory: Path, names: Sequence[str], wnids: Sequence[str]) -> None:
    """Compare with a list of WordNet ids beside the images (a line an image), if there is one."""
    for path in sorted(directory.glob("*.txt")):
        lines = read_lines(path) if "synset" in path.name.lower() or "label" in path.name.lower() else ()
        if len(lines) == len(names) and all(map(is_wnid, lines)):
            for name, wnid, line in zip(names, wnids, lines, strict=True):
                if wnid != line:
                    raise DataError(
                        f"{line} for {name}",
                        where=str(path),
                        expected=f"{wnid} ({imagenet_class_names()[imagenet_wnids().index(wnid)]})",
                        fix="take away the list, or write a manifest.csv with the labels that you mean",
                    )
