"""WordNet ids as names of classes: which they are, and what ImageNet calls them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.errors import DataError

_WNID = re.compile(r"n[0-9]{8}")
_INSIDE = re.compile(r"(?<![A-Za-z0-9])n[0-9]{8}(?![0-9])")


def is_wnid(text: str) -> bool:
    """Tell whether a text has the form of a WordNet id of a noun.

    >>> is_wnid("n01440764"), is_wnid("n1440764")
    (True, False)
    """
    return _WNID.fullmatch(text) is not None


def imagenet_name(wnid: str) -> str | None:
    """Return what ImageNet's class of a WordNet id is called, or None for an id that is not among the 1000."""
    place = _places().get(wnid)
    return None if place is None else imagenet_class_names()[place]


def wnid_inside(name: str) -> str | None:
    """Return the one WordNet id that a file name carries, or None.

    >>> wnid_inside("val/ILSVRC2012_val_00000001_n01751748.JPEG"), wnid_inside("n01440764_tench.JPEG")
    ('n01751748', 'n01440764')
    """
    found = set(_INSIDE.findall(name.rpartition("/")[2]))
    return found.pop() if len(found) == 1 else None


def named_after_imagenet(names: Sequence[str], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the class names and, where the names are WordNet ids, these; raise DataError for ids without a name.

    A prompt about "n01440764" would give a number that means nothing.
    """
    if not any(is_wnid(name) for name in names):
        return tuple(names), ()
    found = [(name, imagenet_name(name)) for name in names]
    unknown = [name for name, known in found if known is None]
    if unknown:
        raise DataError(
            f"{len(names) - sum(map(is_wnid, names))} names and {sum(map(is_wnid, names))} WordNet ids"
            if not all(map(is_wnid, names))
            else f"{len(unknown)} of {len(names)} WordNet ids are none of ImageNet-1k's, the first {unknown[0]}",
            where=where,
            expected="WordNet ids of ImageNet-1k alone, or names alone",
            fix="name the classes: a line for each in classnames.txt (manifest: classes.txt)",
        )
    return tuple(known for _, known in found if known is not None), tuple(names)


@functools.cache
def _places() -> Mapping[str, int]:
    return {wnid: place for place, wnid in enumerate(imagenet_wnids())}
