"""What the headers of a set's images say that RGB pixels do not show: turned, see-through, of four inks, moving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from robustcheck.datasets.dataset import Dataset, EncodedPictures, ImageDataset
from robustcheck.datasets.decoding import Header, read_header
from robustcheck.errors import DataError

# Each oddity, which headers have it, and what the decoder does with it.
_ODDITIES: tuple[tuple[str, Callable[[Header], bool], str], ...] = (
    ("EXIF orientation", lambda header: header.is_turned, "they are shown as stored, not turned"),
    ("transparency", lambda header: header.is_transparent, "alpha is dropped, and the colours beneath it show"),
    ("CMYK", lambda header: header.mode == "CMYK", "they are converted without a colour profile"),
    ("several frames", lambda header: header.is_animated, "the first frame counts"),
    ("16 bits", lambda header: header.mode.startswith("I"), "they are scaled to 8 bits"),
)


@dataclass(frozen=True, slots=True)
class Oddity:
    """How many of the headers looked at have a property, and what the decoder does with such images."""

    what: str
    count: int
    looked_at: int
    treatment: str


def odd_headers(dataset: Dataset, indices: Sequence[int]) -> tuple[Oddity, ...]:
    """Read the headers of some samples; nothing for sets whose images are not encoded files."""
    pictures = dataset.pictures if isinstance(dataset, ImageDataset) else None
    pictures = getattr(pictures, "pictures", pictures)
    if not isinstance(pictures, EncodedPictures):
        return ()
    found = [header for index in indices if (header := _header(pictures, index)) is not None]
    counts = [(what, sum(map(has_it, found)), treatment) for what, has_it, treatment in _ODDITIES]
    return tuple(Oddity(what, count, len(found), treatment) for what, count, treatment in counts if count)


def spread(count: int, most: int | None) -> list[int]:
    """Return up to ``most`` places spread evenly over ``count``, the first and the last among them.

    >>> spread(10, 4), spread(2, 4), spread(3, None)
    ([0, 3, 6, 9], [0, 1], [0, 1, 2])
    """
    wanted = count if most is None else min(most, count)
    return [int(place) for place in np.unique(np.linspace(0, count - 1, wanted).round())]


def _header(pictures: EncodedPictures, index: int) -> Header | None:
    """Return a header; None where there is none, or where it cannot be read, which decoding reports."""
    try:
        image = pictures.encoded(index)
        return None if image is None else read_header(*image)
    except DataError:
        return None
