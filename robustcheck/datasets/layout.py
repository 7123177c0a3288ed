"""A layout: how the images of a data set are found and read. One value each, in the registry's group ``layouts``.

Three sorts: most layouts read a directory, a view shows images of another data set, and a self-contained set needs
no directory at all. Each may have ``class_names``: the classes of a data set by its name, where these are known before
its images are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from robustcheck.datasets.catalogue import CatalogueEntry
from robustcheck.datasets.dataset import Contents, Dataset, ImageDataset
from robustcheck.errors import SetupError, did_you_mean
from robustcheck.registry import known
from robustcheck.values import Task

ClassNames = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which a directory holds images.

    ``read`` takes the directory and where indexes are kept, and decodes nothing. ``fits`` tells whether a directory
    shows this layout by itself; without it only a catalogue entry can name the layout. ``looks_like`` says what such
    a directory holds, for the message about one that fits no layout. ``task`` is what a directory that the catalogue
    does not know is for.
    """

    name: str
    read: Callable[[Path, Path | None], Contents]
    fits: Callable[[Path], bool] | None = None
    looks_like: str = ""
    task: Task = "classification"
    class_names: ClassNames | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A way to show images of another data set, the ``of`` of the catalogue entry, as a data set of their own."""

    name: str
    show: Callable[[CatalogueEntry, Dataset], ImageDataset]
    class_names: ClassNames | None = None


@dataclass(frozen=True, slots=True)
class SelfContained:
    """Data sets that need no directory: ``open`` takes the data set's name, ``place`` says where its images are."""

    name: str
    open: Callable[[str], ImageDataset]
    place: str
    class_names: ClassNames | None = None


def known_layouts() -> Mapping[str, Layout | View | SelfContained]:
    """Return the layouts by name: ours first, in the order in which a directory is tried."""
    return cast("Mapping[str, Layout | View | SelfContained]", known("layouts", (Layout, View, SelfContained)))


def layout_named(name: str, where: str) -> Layout | View | SelfContained:
    """Return a layout, or raise SetupError: ``where`` is the data set whose catalogue entry names it."""
    if name not in known_layouts():
        raise SetupError(
            f"unknown layout {name!r}",
            where=where,
            expected="one of " + ", ".join(known_layouts()),
            fix=did_you_mean(name, known_layouts()),
        )
    return known_layouts()[name]
