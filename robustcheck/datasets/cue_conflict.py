"""Cue-conflict images: the shape of one of 16 categories, with the texture of another.

A file is named ``{shape}{i}-{texture}{j}``, with or without the fields that an experiment puts before it
(``0001_s5n_s01_0_bird_00_bird3-clock2.png``). Of ImageNet's 1000 classes,
207 make up the 16 categories, and these decide.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robustcheck.datasets.class_sets import IMAGENET, class_set_indices, imagenet_class_names, imagenet_wnids, mask_rows
from robustcheck.datasets.dataset import Contents, ImageFiles, Vocabulary
from robustcheck.datasets.layouts.image_files import require_one_meaning, told_by_name, walk_to_images
from robustcheck.datasets.views import Known
from robustcheck.errors import DataError

_STIMULUS = re.compile(r"([a-z]+)\d+-([a-z]+)\d+")


@dataclass(frozen=True, slots=True)
class CueConflict:
    """What the name of a cue-conflict image says; ``id`` is the same however the file was renamed."""

    id: str
    shape: str
    texture: str


def parse_cue_conflict_name(text: str) -> CueConflict:
    """Parse the name or path of a cue-conflict image.

    >>> parse_cue_conflict_name("0001_s5n_s01_0_bird_00_bird3-clock2.png")
    CueConflict(id='bird3-clock2', shape='bird', texture='clock')
    """
    stem = text.rpartition("/")[2].split(".")[0].rpartition("_")[2]
    found = _STIMULUS.fullmatch(stem)
    if found is None or not {found[1], found[2]} <= set(categories()):
        raise DataError(
            f"{text!r} is not the name of a cue-conflict image",
            expected="a name that ends like bird3-clock2.png, of the categories " + ", ".join(categories()),
        )
    return CueConflict(stem, found[1], found[2])


@functools.cache
def categories() -> tuple[str, ...]:
    """Return the 16 categories in alphabetical order, which is the order of the labels."""
    return tuple(sorted(row["category"] for row in mask_rows("cue-conflict.csv")))


@functools.cache
def cue_conflict_vocabulary() -> Vocabulary:
    """Return ImageNet's names and which of them make up each category; the mean probability decides."""
    place = {wnid: index for index, wnid in enumerate(imagenet_wnids())}
    wnids = {row["category"]: row["wnids"].split() for row in mask_rows("cue-conflict.csv")}
    members = tuple(
        np.array(sorted(place[wnid] for wnid in wnids[category]), dtype=np.int64) for category in categories()
    )
    return Vocabulary(imagenet_class_names(), members, "mean_probability")


def cue_conflict_known(texts: Sequence[str]) -> Known:
    """Return what the names of cue-conflict images say, in their order."""
    if not texts:
        raise DataError("no image names", expected="the names of the cue-conflict images, which carry their classes")
    named = [parse_cue_conflict_name(text) for text in texts]
    labels = {category: label for label, category in enumerate(categories())}
    conflict = ["yes" if image.shape != image.texture else "no" for image in named]
    return Known(
        ids=np.array([image.id for image in named], dtype=np.str_),
        labels=np.array([labels[image.shape] for image in named], dtype=np.int64),
        class_names=categories(),
        groups={"conflict": np.array(conflict), "texture": np.array([image.texture for image in named])},
        columns=class_set_indices(IMAGENET),
        vocabulary=cue_conflict_vocabulary(),
    )


def read_cue_conflict(path: Path, index_dir: Path | None) -> Contents:
    """Read a directory of cue-conflict images: a folder a shape, or an experiment's flat folder."""
    walk = walk_to_images(path)
    names = walk.images
    require_one_meaning(walk, path, told_by_name, "names")
    known = cue_conflict_known(names)
    _require_folders(path, names, [categories()[label] for label in known.labels])
    return Contents(
        directory=path,
        layout="cue-conflict",
        ids=known.ids,
        labels=known.labels,
        class_count=len(categories()),
        class_names=categories(),
        templates=(),
        groups=known.groups,
        files=tuple(path / name for name in names),
        pictures=ImageFiles(path, names),
        vocabulary=known.vocabulary,
        columns=known.columns,
        defects=walk.defects,
    )


def _require_folders(path: Path, names: Iterable[str], shapes: Iterable[str]) -> None:
    """Check that an image in the folder of a category has that shape."""
    for name, shape in zip(names, shapes, strict=True):
        folder = (path / name).parent.name
        if folder in categories() and folder != shape:
            raise DataError(f"{name} has the shape {shape!r}", where=str(path), expected=f"{folder!r}, as its folder")
