"""Lists in sentences: the first few names and how many more; one name or another."""

from __future__ import annotations

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
