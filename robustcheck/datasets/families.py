"""Families: one name for many datasets, such as ImageNet-C's corruptions and severities.

A subset is an ordinary dataset with a name of its own, ``imagenet-c/fog/3``: the family's name and one value
of each axis. ``where: {corruption: fog}`` picks subsets; an axis that is not named has the family's default.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.roots import LOCAL_FILE, find_directory
from robustcheck.errors import DataError, DataMissing, did_you_mean
from robustcheck.values import Pairs

ALL = "all"

Entries = Mapping[str, CatalogueEntry]


def expand(name: str, where: Pairs) -> tuple[tuple[str, ...], Pairs]:
    """Return the subsets of a family that ``where`` picks, in catalogue order, and the conditions left over.

    An ordinary dataset is its own only subset. The value ``all`` means every value of an axis.
    """
    entry = known_datasets().get(name)
    if entry is None or not entry.subsets:
        return (name,), where
    axes = dict(entry.subsets)
    asked = [(key, value) for key, value in where if key in axes]
    chosen = dict(entry.default)
    for key, value in asked:
        chosen[key] = axes[key] if value == ALL else (_known_value(entry, key, value),)
    values = [chosen.get(axis, axes[axis]) for axis in axes]
    subsets = tuple("/".join((name, *combination)) for combination in itertools.product(*values))
    return subsets, tuple(pair for pair in where if pair not in asked)


def subset_values(name: str) -> Pairs:
    """Return the axes of a subset and its values: (("corruption", "fog"), ("severity", "3")); none for others."""
    found = _family(name, known_datasets())
    return () if found is None else _values(name, found)


def subset_entry(name: str, entries: Entries) -> CatalogueEntry | None:
    """Return the catalogue entry of a subset, made from its family's; None for a name that is not a subset's.

    Raise DataError for a bare family and for a value that it does not have.
    """
    family = _family(name, entries)
    if family is None:
        return None
    values = tuple(value for _, value in _values(name, family))
    inner = _inner(family, values)
    places = tuple(f"{place}/{path}" for path in inner for place in family.places)
    return dataclasses.replace(family, name=name, benchmark="", directories=places, subsets=(), default=(), folders=())


def subset_directory(name: str, entries: Entries, roots: Sequence[Path]) -> Path:
    """Return the directory of a subset; raise DataMissing naming where to put it."""
    family, subset = _family(name, entries), subset_entry(name, entries)
    if family is None or subset is None:
        raise DataError(f"{name!r} is not a subset of a family")
    whole = _found(family, roots)
    inner = _inner(family, tuple(value for _, value in _values(name, family)))
    for path in inner:
        if whole is not None and (whole / path).is_dir():
            return whole / path
    try:
        return find_directory(subset, roots)
    except DataMissing as error:
        raise DataMissing(
            error.found,
            expected=error.expected if whole is None else f"the directory {whole / inner[0]}",
            fix=f"get it from {family.homepage} and put it there, "
            f"or name the directory of all subsets in {LOCAL_FILE} ({family.name}: /path/to/it)",
            dataset=family.name,
        ) from error


def _found(family: CatalogueEntry, roots: Sequence[Path]) -> Path | None:
    try:
        return find_directory(family, roots)
    except DataMissing:
        return None


def _family(name: str, entries: Entries) -> CatalogueEntry | None:
    entry = entries.get(name.split("/")[0])
    return entry if entry is not None and entry.subsets else None


def _values(name: str, family: CatalogueEntry) -> Pairs:
    """Split a subset's name into its values, each checked."""
    texts = name.split("/")[1:]
    axes = [axis for axis, _ in family.subsets]
    if len(texts) != len(axes):
        example = "/".join((family.name, *(values[0] for _, values in family.subsets)))
        raise DataError(
            f"{name!r} is not a dataset by itself: {family.name} has a subset for each {' and '.join(axes)}",
            expected=f"a subset such as {example}, or conditions in `where`",
        )
    return tuple((axis, _known_value(family, axis, text)) for axis, text in zip(axes, texts, strict=True))


def _known_value(family: CatalogueEntry, axis: str, value: str) -> str:
    known = dict(family.subsets)[axis]
    if value not in known:
        raise DataError(
            f"unknown {axis} {value!r}",
            where=family.name,
            expected=f"{ALL}, or one of " + ", ".join(known),
            fix=did_you_mean(value, known),
        )
    return value


def _inner(family: CatalogueEntry, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return where a subset may be inside its family's directory, the released layout first."""
    path = "/".join(values)
    folder = next((folder for folder, members in family.folders if values[0] in members), "")
    return (f"{folder}/{path}", path) if folder else (path,)
