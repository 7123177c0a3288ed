"""Video sets: anchor frames with accepted labels, and the similar frames around each (Vid-Robust, YTBB-Robust).

What one label cannot say is said in columns: ``video``; ``role``, anchor or frame; ``labels``, the accepted class
indices joined by ";", empty for a frame that is judged by its anchor; ``anchors``, the ids of the anchors in whose
sets a frame is; ``frame``, its number. ``pm_sets`` reads them back as arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.class_sets import imagenet_class_names, mask_rows
from robustcheck.datasets.dataset import Contents, Dataset, IntArray, StrArray, Vocabulary
from robustcheck.datasets.layouts.anchors import ANCHOR, SEPARATOR, read_anchors
from robustcheck.errors import DataError

Bools = npt.NDArray[np.bool_]

# How many anchors count in each released set (PROTOCOLS section 9).
ANCHORS = {"imagenet-vid-robust": 1109, "ytbb-robust": 2530}
RELEASED = tuple(ANCHORS)
COLUMNS = ("anchors", "frame", "labels", "role", "video")


@dataclass(frozen=True, slots=True, eq=False)
class PmSets:
    """Anchors (m,) and (anchor, frame) pairs (p,), as rows of the dataset, with the labels that count for each.

    accepted: (m, C); owners: (p,) places among the anchors; frame_accepted: (p, C); videos: (m,) clusters.
    """

    anchors: IntArray
    accepted: Bools
    frames: IntArray
    owners: IntArray
    frame_accepted: Bools
    videos: IntArray


def read_video(path: Path, index_dir: Path | None) -> Contents:
    """Read anchors and their frames, whose classes a file beside them names; the samples are all distinct frames."""
    return read_anchors(path, ())


def read_released_video(name: str, path: Path, index_dir: Path | None) -> Contents:
    """Read a released set of anchors and frames, over its own classes."""
    class_names, columns, vocabulary = _scored(name)
    contents = read_anchors(path, class_names)
    anchors = int((contents.groups["role"] == ANCHOR).sum())
    part = f"{anchors:,} anchors, where {name} has {ANCHORS[name]:,}: other images than the released ones"
    defects = contents.defects if anchors == ANCHORS[name] else (*contents.defects, part)
    return replace(contents, columns=columns, vocabulary=vocabulary, defects=defects)


def released_classes(name: str) -> tuple[str, ...]:
    """Return the classes of a released set."""
    return tuple(row["name"] for row in mask_rows(f"{name}.csv"))


def pm_sets(dataset: Dataset, k: int | None = None) -> PmSets:
    """Return the anchors of a dataset and their frames, within ``k`` frames of the anchor if it is given."""
    groups = dataset.groups
    if missing := [column for column in COLUMNS if column not in groups]:
        raise DataError(f"no column {missing[0]!r}", where=dataset.name, expected="a video set with anchors")
    anchors = np.flatnonzero(groups["role"] == ANCHOR).astype(np.int64)
    place = {name: number for number, name in enumerate(dataset.ids[anchors].tolist())}
    pairs = _frames_of_anchors(dataset, place, anchors, k)
    frames, owners = pairs[:, 0], pairs[:, 1]
    accepted = _accepted(groups["labels"], len(dataset.class_names))
    own = np.asarray(accepted[frames])
    bare = ~np.asarray(own.any(axis=1), dtype=np.bool_)
    return PmSets(
        anchors=anchors,
        accepted=accepted[anchors],
        frames=frames,
        owners=owners,
        # A frame without labels of its own is judged by its anchor's.
        frame_accepted=np.where(bare[:, None], accepted[anchors[owners]], own),
        videos=np.unique(groups["video"][anchors], return_inverse=True)[1].reshape(-1).astype(np.int64),
    )


def _frames_of_anchors(dataset: Dataset, place: dict[str, int], anchors: IntArray, k: int | None) -> IntArray:
    """Return (frame row, anchor place) for each frame in each anchor's set, by anchor; (p, 2)."""
    pairs = [
        (row, place[anchor])
        for row, joined in enumerate(dataset.groups["anchors"].tolist())
        for anchor in joined.split(SEPARATOR)
        if joined
    ]
    table = np.array(sorted(pairs, key=lambda pair: pair[::-1]), dtype=np.int64).reshape(-1, 2)
    if k is None:
        return table
    numbers = _frame_numbers(dataset)
    near = np.abs(numbers[table[:, 0]] - numbers[anchors[table[:, 1]]]) <= k
    return np.asarray(table[near])


def _frame_numbers(dataset: Dataset) -> IntArray:
    texts = dataset.groups["frame"]
    if not np.strings.isdecimal(texts).all():
        raise DataError("its frames have no numbers", where=dataset.name, fix="leave k out: all frames count")
    return texts.astype(np.int64)


def _accepted(labels: StrArray, classes: int) -> Bools:
    table = np.zeros((len(labels), classes), dtype=bool)
    for row, joined in enumerate(labels.tolist()):
        table[row, [int(label) for label in joined.split(SEPARATOR) if label]] = True
    return table


def _scored(name: str) -> tuple[tuple[str, ...], IntArray, Vocabulary]:
    """Return the classes of a released set, the ImageNet columns that are scored, and which stand for which class."""
    rows = mask_rows(f"{name}.csv")
    indices = [_indices(row["imagenet"]) for row in rows]
    columns = np.unique(np.concatenate(indices))
    names = tuple(imagenet_class_names()[index] for index in columns)
    members = tuple(np.searchsorted(columns, own).astype(np.int64) for own in indices)
    return released_classes(name), columns, Vocabulary(names, members, "max")


def _indices(text: str) -> IntArray:
    """Return the class indices of ``7-24 80``, both ends included."""
    spans = [part.split("-") for part in text.split()]
    return np.array([index for span in spans for index in range(int(span[0]), int(span[-1]) + 1)], dtype=np.int64)
