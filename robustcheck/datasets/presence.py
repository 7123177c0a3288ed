"""Which datasets are on this machine: where each lies, and how many parts of a family."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.families import part_directory
from robustcheck.datasets.roots import ENVIRON, find_directory
from robustcheck.errors import DataError, DataMissing

# Sets that need no directory, by layout.
_ALWAYS_HERE = {"packaged": "ships with scikit-learn", "drawn": "drawn by robustcheck"}


@dataclass(frozen=True, slots=True)
class Presence:
    """Where a named dataset lies (None: it is not here) and what to do about what is missing.

    ``parts`` are all parts of a family, ``missing`` those that are not here; both are empty for others.
    ``advice`` says where to put a dataset that is not here.
    """

    place: str | None
    parts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    advice: str = ""


def presence(name: str, roots: Sequence[Path]) -> Presence:
    """Say where a dataset of the catalogue, or a part of a family, lies; nothing is opened or read."""
    entry = known_datasets()[name if name in known_datasets() else name.partition("/")[0]]
    if entry.layout in _ALWAYS_HERE:
        return Presence(_ALWAYS_HERE[entry.layout], parts_of(entry))
    if entry.name != name:
        place = _part_place(name, roots)
        return Presence(None if place is None else str(place), advice=_advice(entry, roots) if place is None else "")
    if entry.of:
        return _view(entry, roots)
    if entry.parts:
        return _family(entry, roots)
    return _directory(entry, roots)


def parts_of(entry: CatalogueEntry) -> tuple[str, ...]:
    """Return the names of all parts of a family, in catalogue order; none for other datasets."""
    if not entry.parts:
        return ()
    values = (members for _, members in entry.parts)
    return tuple("/".join((entry.name, *combination)) for combination in itertools.product(*values))


def _view(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    """Say where the images are that a view shows."""
    base = presence(entry.of, roots)
    if base.place is None:
        return Presence(None, advice=f"shows images of {entry.of}: {base.advice}")
    return Presence(f"{base.place} ({entry.of})")


def _directory(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    try:
        return Presence(str(find_directory(entry, roots)))
    except DataMissing:
        return Presence(None, advice=_advice(entry, roots))
    except DataError as error:
        # A directory that is named for it but does not exist.
        return Presence(None, advice=str(error))


def _family(entry: CatalogueEntry, roots: Sequence[Path]) -> Presence:
    whole, parts = _directory(entry, roots), parts_of(entry)
    places = {part: _part_place(part, roots) for part in parts}
    found = next((place for place in places.values() if place is not None), None)
    if found is None:
        return Presence(None, parts, parts, whole.advice or _advice(entry, roots))
    missing = tuple(part for part, place in places.items() if place is None)
    return Presence(whole.place or str(found.parent), parts, missing)


def _part_place(part: str, roots: Sequence[Path]) -> Path | None:
    try:
        return part_directory(part, known_datasets(), roots)
    except DataError:
        return None


def _advice(entry: CatalogueEntry, roots: Sequence[Path]) -> str:
    root = next((str(root) for root in roots if root.is_dir()), f"${ENVIRON}")
    inner = "/".join(axis.upper() for axis, _ in entry.parts)
    return f"put it in {root}/{entry.name}" + (f"/{inner}" if inner else "")
