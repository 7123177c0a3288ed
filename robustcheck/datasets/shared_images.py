"""Which images two data sets share, whatever they are called and wherever they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robustcheck.datasets.dataset import Dataset, ImageDataset, PicturesInFiles


def count_shared(dataset: Dataset, other: Dataset, places: Sequence[int]) -> int:
    """Return how many images of a data set are also at one of the places of another.

    Images that are files of their own are compared by content; others are the same at the same place of the same set.
    """
    known = set(_pictures(other, places))
    return sum(picture in known for picture in _pictures(dataset, range(len(dataset))))


def _pictures(dataset: Dataset, places: Sequence[int]) -> list[str]:
    """Return a text for each image, the same for the same image: a view shows those of its base."""
    if dataset.base is not None and dataset.rows is not None:
        return _pictures(dataset.base, np.asarray(dataset.rows)[list(places)].tolist())
    contents = _contents_of_files(dataset)
    return [contents[place] if contents else f"{dataset.fingerprint} {place}" for place in places]


def _contents_of_files(dataset: Dataset) -> list[str]:
    """Return the hash of each image's file; nothing where images are not files of their own."""
    if not isinstance(dataset, ImageDataset) or not isinstance(dataset.pictures, PicturesInFiles):
        return []
    files, hashes = [dataset.pictures.file(place) for place in range(len(dataset))], dataset.hashes()
    found = [hashes[file] for file in files if file is not None and file in hashes]
    return found if len(found) == len({*files}) == len(files) else []
