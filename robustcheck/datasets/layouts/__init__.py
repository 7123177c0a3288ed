"""The layouts that a directory of images can have, and which one it has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from robustcheck.datasets.dataset import Contents
from robustcheck.datasets.layout import Layout, known_layouts
from robustcheck.errors import DataError
from robustcheck.listing import name_first
from robustcheck.registry import foreign_maker


def read_directory(path: Path, index_dir: Path | None) -> Contents:
    """Read what a directory (or a manifest file) of labelled images holds, in whichever layout it is."""
    labelled = [layout for layout in _shown() if layout.task == "classification"]
    return read_layout(_first_that_fits(path, labelled), path, index_dir)


def layout_of(path: Path) -> Layout:
    """Return the layout that a directory (or a manifest file) shows by itself."""
    return _first_that_fits(path, _shown())


def read_layout(layout: Layout, path: Path, index_dir: Path | None) -> Contents:
    """Read a directory that is in this layout."""
    try:
        contents = layout.read(path, index_dir)
    except OSError as error:
        raise _unreadable(path, error) from error
    return replace(contents, reader=foreign_maker("layouts", layout.name) or contents.reader)


def _first_that_fits(path: Path, layouts: list[Layout]) -> Layout:
    try:
        for layout in layouts:
            if layout.fits is not None and layout.fits(path):
                return layout
        found = _listing(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    lines = [f"    {layout.name:<11}  {layout.looks_like}" for layout in layouts]
    expected = ("a directory in one of the known layouts:", *lines)
    raise DataError(f"found {found}", where=str(path), expected=expected)


def _shown() -> list[Layout]:
    return [layout for layout in known_layouts().values() if isinstance(layout, Layout) and layout.fits is not None]


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"cannot read the directory: {error.strerror or error}", where=str(path))


def _listing(path: Path) -> str:
    if path.is_file():
        return f"a file {path.name}"
    names = sorted(child.name + "/" * child.is_dir() for child in path.iterdir())
    return f"a directory with {name_first(names)}" if names else "an empty directory"
