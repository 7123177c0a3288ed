"""Which samples make up each sequence of a data set, in the order of its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustcheck.datasets.dataset import Dataset, IntArray, StrArray
from robustcheck.errors import DataError

VIDEO, FRAME = "video", "frame"


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """The sequences of a dataset: videos (v,) names, and for each the rows of its frames in order."""

    videos: StrArray
    rows: tuple[IntArray, ...]


def sequences_of(dataset: Dataset) -> Sequences:
    """Return the sequences that the columns ``video`` and ``frame`` tell, videos by name."""
    missing = [column for column in (VIDEO, FRAME) if column not in dataset.groups]
    if missing:
        raise DataError(f"no column {missing[0]!r}", where=dataset.name, expected="a column video and a column frame")
    frames = _numbers(dataset)
    videos, video_of = np.unique(dataset.groups[VIDEO], return_inverse=True)
    order = np.lexsort((frames, video_of.reshape(-1))).astype(np.int64)
    starts = np.searchsorted(video_of.reshape(-1)[order], np.arange(1, len(videos)))
    return Sequences(videos, tuple(np.split(order, starts)))


def _numbers(dataset: Dataset) -> IntArray:
    texts = dataset.groups[FRAME]
    if not np.strings.isdecimal(texts).all():
        first = str(texts[~np.strings.isdecimal(texts)][0])
        raise DataError(f"the frame {first!r} is not a number", where=dataset.name, expected="frames counted 0, 1, ...")
    return texts.astype(np.int64)
