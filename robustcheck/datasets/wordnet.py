"""WordNet ids as names of classes: which they are, and what ImageNet calls them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.errors import DataError

_WNID = re.compile(r"n[0-9]{8}")
# An id alone, or an id and a name: "n02085620-Chihuahua", "n01440764 tench".
_LED_BY_ID = re.compile(r"([nN][0-9]{8})(?:[\s,:._-]+(\S.*))?")
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
    """Return the class names and, where the names are or begin with WordNet ids, these.

    ``n02085620-Chihuahua`` is the class of that id, called Chihuahua. Raise DataError for ids without a name: a prompt
    about "n01440764" would give a number that means nothing.
    """
    found = [_LED_BY_ID.fullmatch(name) for name in names]
    if not any(found):
        return tuple(names), ()
    ids = tuple(match[1].lower() for match in found if match)
    told = tuple(_name_after(match[2]) or imagenet_name(match[1].lower()) for match in found if match)
    _require_ids(names, ids, told, where)
    known = all(imagenet_name(own) is not None for own in ids)
    return tuple(name for name in told if name is not None), ids if known else ()


def _name_after(text: str | None) -> str:
    return " ".join((text or "").replace("_", " ").split())


def _require_ids(names: Sequence[str], ids: Sequence[str], told: Sequence[str | None], where: str) -> None:
    """Refuse names and ids together, an id that has no name, and one id for two classes."""
    unknown = [own for own, name in zip(ids, told, strict=True) if name is None]
    twice = [own for own in ids if ids.count(own) > 1] if len(set(ids)) < len(ids) else []
    if len(ids) < len(names):
        what = f"{len(names) - len(ids)} names and {len(ids)} WordNet ids"
    elif unknown:
        what = f"{len(unknown)} of {len(names)} WordNet ids are none of ImageNet-1k's, the first {unknown[0]}"
    elif twice:
        what = f"several classes have the WordNet id {twice[0]}"
    else:
        return
    raise DataError(
        what,
        where=where,
        expected="WordNet ids of ImageNet-1k alone, or names alone",
        fix="name the classes: a line for each in classnames.txt (manifest: classes.txt)",
    )


@functools.cache
def _places() -> Mapping[str, int]:
    return {wnid: place for place, wnid in enumerate(imagenet_wnids())}
