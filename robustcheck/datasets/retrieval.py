"""Retrieval sets: images with captions, to be found by each other."""

from __future__ import annotations

from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry
from robustcheck.datasets.dataset import ImageDataset
from robustcheck.datasets.fingerprint import fingerprint
from robustcheck.datasets.layouts.captions import read_captions
from robustcheck.errors import DataError


def open_retrieval(name: str, path: Path, index_dir: Path | None, entry: CatalogueEntry | None = None) -> ImageDataset:
    """Open images with captions as a dataset; all captions are queries, a check may limit them."""
    contents, captions = read_captions(path, index_dir)
    if entry is not None and entry.count is not None and len(contents.ids) != entry.count:
        raise DataError(
            f"{len(contents.ids)} images",
            where=str(path),
            expected=f"{entry.count}, the whole of {name}",
            fix="complete the copy, or open a part of it by its directory",
        )
    return ImageDataset(
        name=name,
        layout=contents.layout,
        fingerprint=fingerprint(contents.directory, contents.files, index_dir),
        class_names=(),
        class_set="",
        prompts="",
        templates=(),
        ids=contents.ids,
        labels=contents.labels,
        groups=contents.groups,
        columns=None,
        pictures=contents.pictures,
        task="retrieval",
        captions=captions,
    )
