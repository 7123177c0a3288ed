"""Which datasets are on this machine: where each lies, and how many subsets of a family."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.families import subset_directory
from robustcheck.datasets.layout import SelfContained, known_layouts
from robustcheck.datasets.roots import ENVIRON, find_directory
from robustcheck.errors import DataError, DataMissing


@dataclass(frozen=True, slots=True)
class Presence:
    """Where a named dataset lies (None: it is not here) and what to do about what is missing.

    ``subsets`` are all subsets of a family, ``missing`` those that are not here; both are empty for others.
    ``advice`` says where to put a dataset that is not here.
    """

    place: str | None
    subsets: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    advice: str = ""


def presence(name: str, roots: Sequence[Path]) -> Presence:
    """Say where a dataset of the catalogue, or a subset of a family, lies; nothing is opened or read."""
    entry = known_datasets()[name if name in known_datasets() else name.partition("/")[0]]
    layout = known_layouts().get(entry.layout)
    if isinstance(layout, SelfContained):
        return Presence(layout.place, subsets_of(entry))
    if entry.name != name:
        place = _subset_place(name, roots)
        return Presence(None if place is None else str(place), advice=_advice(entry, roots) if place is None else "")
    if entry.of:
        return _view(entry, roots)
    if entry.subsets:
        return _family(entry, roots)
    if entry.members:
        return _average(entry, roots)
    return _directory(entry, roots)


def subsets_of(entry: CatalogueEntry) -> tuple[str, ...]:
    """Return the names of all subsets of a family, in catalogue order; none for other datasets."""
    if not entry.subsets:
        return ()
    values = (members for _, members in entry.subsets)
    return tuple("/".join((entry.name, *combination)) for combination in itertools.product(*values))


def _view(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    """Say where the images are that a view shows."""
    base = presence(entry.of, roots)
    if base.place is None:
        return Presence(None, advice=f"shows images of {entry.of}: {base.advice}")
    return Presence(f"{base.place} ({entry.of})")


def _average(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    """Say that all data sets of an average are here, or what is to do about the first that is not."""
    here = {member: presence(member, roots) for member, _ in entry.members}
    missing = next((member for member, found in here.items() if found.place is None), None)
    if missing is not None:
        return Presence(None, advice=f"averages {missing}: {here[missing].advice}")
    return Presence(f"an average over {len(here)} data sets")


def _directory(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    try:
        return Presence(str(find_directory(entry, roots)))
    except DataMissing:
        return Presence(None, advice=_advice(entry, roots))
    except DataError as error:
        # A directory that is named for it but does not exist.
        return Presence(None, advice=str(error))


def _family(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    whole, subsets = _directory(entry, roots), subsets_of(entry)
    places = {subset: _subset_place(subset, roots) for subset in subsets}
    found = next((place for place in places.values() if place is not None), None)
    if found is None:
        return Presence(None, subsets, subsets, whole.advice or _advice(entry, roots))
    missing = tuple(subset for subset, place in places.items() if place is None)
    return Presence(whole.place or str(found.parent), subsets, missing)


def _subset_place(subset: str, roots: Sequence[Path]) -> Path | None:
    try:
        return subset_directory(subset, known_datasets(), roots)
    except DataError:
        return None


def _advice(entry: CatalogueEntry, roots: Sequence[Path]) -> str:
    root = next((str(root) for root in roots if root.is_dir()), f"${ENVIRON}")
    inner = "/".join(axis.upper() for axis, _ in entry.subsets)
    return f"put it in {root}/{entry.name}" + (f"/{inner}" if inner else "")
