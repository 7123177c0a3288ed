"""The classes of data sets: those that are known before the images are, and which ones two sets do not share."""

from __future__ import annotations

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_sets import class_set_names, known_class_sets
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.layout import Layout, SelfContained, View, known_layouts
from robustcheck.listing import name_first


def known_classes(name: str) -> tuple[str, ...]:
    """Return the class names of a data set, or of the family of a subset; nothing where its directory alone has them.

    >>> known_classes("digits")[7], len(known_classes("imagenet-c/fog/3")), known_classes("cifar10")
    ('seven', 1000, ())
    """
    entry = _entry_of(name)
    if entry is None:
        return ()
    if entry.class_set in known_class_sets():
        return class_set_names(entry.class_set)
    layout = _layout_of(entry)
    return layout.class_names(name) if layout is not None and layout.class_names is not None else ()


def has_own_classes(name: str) -> bool:
    """Tell whether the classes of a data set are certainly not some of ImageNet's: those of a set without a directory.

    >>> has_own_classes("digits"), has_own_classes("imagenet-a"), has_own_classes("cifar10")
    (True, False, False)
    """
    entry = _entry_of(name)
    return entry is not None and isinstance(_layout_of(entry), SelfContained)


def compare_classes(one: Dataset, other: Dataset) -> str:
    """Say which classes one of two sets has and the other has not; where there are none, the order differs."""
    told = [
        f"only {each.name} has {name_first(names, 3)}"
        for each, beside in ((one, other), (other, one))
        if (names := [name for name in each.class_names if name not in beside.class_names])
    ]
    return "; ".join(told) or "the same names in another order"


def _entry_of(name: str) -> CatalogueEntry | None:
    """Return the entry of a data set, or of its family; a path that begins with a data set's name is of none."""
    family = known_datasets().get(name.partition("/")[0])
    return known_datasets().get(name) or (family if family is not None and family.subsets else None)


def _layout_of(entry: CatalogueEntry) -> Layout | View | SelfContained | None:
    return known_layouts().get(entry.layout)
