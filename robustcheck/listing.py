"""Lists in sentences: the first few names and how many more; one name or another; how many of a thing."""

from __future__ import annotations

import re
from collections.abc import Sequence


def name_first(names: Sequence[str], limit: int = 5) -> str:
    """Name the first few, and count the others.

    >>> name_first(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def name_any(names: str | Sequence[str]) -> str:
    """Name the alternatives; a single text stands for itself.

    >>> name_any(["vit", "cnn"])
    'vit or cnn'
    """
    return names if isinstance(names, str) else " or ".join(names)


def name_all(names: Sequence[str]) -> str:
    """Name all of them.

    >>> name_all(["a"]), name_all(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "model"), counted(1200, "model")
    ('1 model', '1,200 models')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return the key by which epoch_2 comes before epoch_10.

    >>> sorted(["epoch_10", "epoch_2"], key=natural)
    ['epoch_2', 'epoch_10']
    """
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name))
