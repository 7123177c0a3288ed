"""How files that hold suites are called, and which lie below a directory: those that pytest would collect there."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

SUFFIX = ".robust.yaml"
# The directories that pytest does not enter either: what is installed or built has no suites of the project.
_NOT_ENTERED = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")


def name_of_suite(path: Path) -> str:
    """Return what a file that holds a suite should be called.

    >>> name_of_suite(Path("suites/mine.yaml")), name_of_suite(Path("mine.robust.yml"))
    ('mine.robust.yaml', 'mine.robust.yaml')
    """
    return path.stem.removesuffix(".robust") + SUFFIX


def suites_below(directory: Path) -> list[Path]:
    """Return the suites in a directory and below it, in order; hidden directories and environments are not entered."""
    found: list[Path] = []
    for place, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if _is_entered(name, Path(place, name))]
        found += [Path(place, name) for name in names if name.endswith(SUFFIX)]
    return sorted(found)


def _is_entered(name: str, place: Path) -> bool:
    is_left_out = any(fnmatchcase(name, pattern) for pattern in _NOT_ENTERED)
    return not is_left_out and not any((place / mark).exists() for mark in _ENVIRONMENT)
