"""ObjectNet: its 113 classes that overlap ImageNet, and the 125 ImageNet classes that stand for them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from robustcheck.datasets.catalogue import CatalogueEntry
from robustcheck.datasets.class_sets import OBJECTNET, class_set_indices, class_set_names, mask_rows
from robustcheck.datasets.dataset import (
    Contents,
    Dataset,
    ImageDataset,
    ImageFiles,
    IntArray,
    Pictures,
    PicturesInFiles,
    Vocabulary,
)
from robustcheck.datasets.layouts import read_directory
from robustcheck.datasets.views import Known, require_known_classes, view
from robustcheck.errors import DataError

if TYPE_CHECKING:
    from PIL import Image


def read_objectnet(path: Path, index_dir: Path | None) -> Contents:
    """Read ObjectNet, of the raw release only the classes that overlap ImageNet."""
    inner = [path / name for name in ("objectnet-1.0/images", "images") if (path / name).is_dir()]
    contents = read_directory(inner[0] if inner else path, index_dir)
    return _overlapping(contents) if contents.layout == "imagefolder" else contents


def objectnet_imagenet(entry: CatalogueEntry, base: Dataset) -> ImageDataset:
    """Show ObjectNet over ImageNet's names: right where the best of the 125 stands for the object."""
    require_known_classes(base.class_names, objectnet_names(), base.name, OBJECTNET)
    return view(entry, base, np.arange(len(base)), replace(_known(base), labels=base.labels))


def imagenet_on_objectnet(entry: CatalogueEntry, base: Dataset) -> ImageDataset:
    """Show the validation images of the 125 classes, scored like ObjectNet over ImageNet's names."""
    label_of = np.full(1000, -1, dtype=np.int64)
    for label, indices in enumerate(_indices()):
        label_of[indices] = label
    labels = label_of[base.labels]
    rows = np.flatnonzero(labels >= 0).astype(np.int64)
    return view(entry, base, rows, replace(_known(base), ids=base.ids[rows], labels=labels[rows]))


@functools.cache
def objectnet_names() -> tuple[str, ...]:
    """Return the 113 names as CLIP_benchmark has them: lower case, in the order of the sorted folders."""
    return tuple(row["name"].lower() for row in mask_rows("objectnet.csv"))


@functools.cache
def objectnet_vocabulary() -> Vocabulary:
    """Return the 125 ImageNet names and which of them stand for each of the 113 objects."""
    columns = class_set_indices(OBJECTNET)
    members = tuple(np.searchsorted(columns, indices).astype(np.int64) for indices in _indices())
    return Vocabulary(class_set_names(OBJECTNET), members, "max")


@dataclass(frozen=True, slots=True, eq=False)
class CroppedPictures:
    """Images without their outermost ``border`` pixels: ObjectNet's raw files carry a frame."""

    pictures: Pictures
    border: int

    def file(self, index: int) -> Path | None:
        """Return the file of one sample."""
        return self.pictures.file(index) if isinstance(self.pictures, PicturesInFiles) else None

    def image(self, index: int) -> Image.Image:
        """Decode one sample as RGB and cut its border off."""
        from PIL import ImageOps

        return ImageOps.crop(self.pictures.image(index), border=self.border)


def _indices() -> tuple[IntArray, ...]:
    return tuple(
        np.array(sorted(int(index) for index in row["imagenet"].split()), dtype=np.int64)
        for row in mask_rows("objectnet.csv")
    )


def _known(base: Dataset) -> Known:
    return Known(
        ids=base.ids,
        labels=base.labels,
        class_names=objectnet_names(),
        columns=class_set_indices(OBJECTNET),
        vocabulary=objectnet_vocabulary(),
    )


def _overlapping(contents: Contents) -> Contents:
    """Keep the images in the folders of the 113 classes, labelled in the order of these."""
    folders = {row["folder"]: label for label, row in enumerate(mask_rows("objectnet.csv"))}
    labels = np.array([folders.get(name.split("/")[0], -1) for name in contents.ids.tolist()], dtype=np.int64)
    absent = sorted(set(folders.values()) - set(labels.tolist()))
    if absent:
        raise DataError(
            f"{len(absent)} of ObjectNet's 113 classes have no folder, the first {list(folders)[absent[0]]!r}",
            where=str(contents.directory),
            expected="the folders of the release, such as alarm_clock",
        )
    ids = contents.ids[labels >= 0]
    names = tuple(ids.tolist())
    others = {contents.directory / name for name in contents.ids[labels < 0].tolist()}
    return replace(
        contents,
        ids=ids,
        labels=labels[labels >= 0],
        class_count=len(folders),
        class_names=objectnet_names(),
        groups={key: column[labels >= 0] for key, column in contents.groups.items()},
        files=tuple(path for path in contents.files if path not in others),
        pictures=ImageFiles(contents.directory, names),
        wnids=(),
    )
