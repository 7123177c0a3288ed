"""The splits of a data set, by the names that they have in folders, shards and files."""

from __future__ import annotations

import re

from robustcheck.errors import DataError

TESTING = ("validation", "val", "test")
SPLITS = frozenset({*TESTING, "train", "training", "valid", "dev", "testing", "eval"})


def is_for_testing(name: str) -> bool:
    """Tell whether a split of this name is one that models are tested on.

    >>> is_for_testing("imagenet1k-validation"), is_for_testing("train")
    (True, False)
    """
    return not set(re.split(r"[-_./]", name.lower())).isdisjoint(TESTING)


def several_splits(names: list[str], where: str) -> DataError:
    """Say that it is not known which of several splits is meant, or that there is none."""
    return DataError(
        f"{len(names)} splits that could be meant: {', '.join(sorted(names)) or 'none of those listed'}",
        where=where,
        expected=f"one split for testing ({', '.join(TESTING)})",
        fix="put the files of one split into a directory of their own",
    )
