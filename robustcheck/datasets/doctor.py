"""Examine a dataset without a model: what is there, what is wrong, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_sets import class_set_names, known_class_sets
from robustcheck.datasets.dataset import Captions, Dataset
from robustcheck.datasets.families import subset_entry, subset_values
from robustcheck.datasets.headers import odd_headers, spread
from robustcheck.datasets.open import open_dataset
from robustcheck.datasets.presence import Presence, presence
from robustcheck.datasets.selection import group_values, has_value
from robustcheck.datasets.sequences import sequences_of
from robustcheck.datasets.video_sets import pm_sets
from robustcheck.errors import DataError
from robustcheck.files.user_paths import is_there
from robustcheck.listing import name_first

Level = Literal["ok", "warning", "error"]

# Headers are cheap: so many are read even where fewer images are decoded.
MOST_HEADERS = 256


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that was looked at, and what was found."""

    level: Level
    what: str
    detail: str


def examine(
    name_or_path: str, roots: Sequence[Path], decode: int | None = 16, index_dir: Path | None = None
) -> list[Observation]:
    """Examine a dataset; ``decode`` images spread over it are decoded, all of them if it is None.

    Of a family the first subset that is here is examined. Raise DataError for a name that nothing has.
    """
    entry = known_datasets().get(name_or_path)
    if entry is not None and entry.subsets:
        return _family(presence(entry.name, roots), roots, decode, index_dir)
    if entry is not None and entry.members:
        return [*_average(entry, roots)]
    try:
        dataset = open_dataset(name_or_path, roots, index_dir)
    except DataError as error:
        if not _is_named(name_or_path):
            raise
        return [Observation("error", "opening", str(error))]
    looked_at = [_decoded(dataset, decode), *_headers(dataset, decode)]
    return [*_opened(name_or_path, dataset), *_defects(dataset), *looked_at, _fingerprint(dataset)]


def _average(entry: CatalogueEntry, roots: Sequence[Path]) -> Iterator[Observation]:
    """Say of each data set of an average where it lies; each is examined under its own name."""
    for member, _ in entry.members:
        found = presence(member, roots)
        yield Observation("error" if found.place is None else "ok", member, found.place or found.advice)


def _is_named(text: str) -> bool:
    """Tell whether anything has this name: the catalogue, a family's subset, a path."""
    return text in known_datasets() or bool(subset_values(text)) or is_there(text, Path())


def _family(found: Presence, roots: Sequence[Path], decode: int | None, index_dir: Path | None) -> list[Observation]:
    here = [subset for subset in found.subsets if subset not in found.missing]
    if not here:
        return examine(found.subsets[0], roots, decode, index_dir)
    counted = f"{len(here)} of {len(found.subsets)} are here, in {found.place}"
    missing = f"; the first that is missing is {found.missing[0]}" if found.missing else ""
    observations = [Observation("warning" if missing else "ok", "subsets", counted + missing)]
    return [*observations, Observation("ok", "examined", here[0]), *examine(here[0], roots, decode, index_dir)]


def _opened(name: str, dataset: Dataset) -> Iterator[Observation]:
    entry = known_datasets().get(name) or subset_entry(name, known_datasets())
    yield Observation("ok", "task", dataset.task)
    yield Observation("ok", "count", _count(entry, dataset))
    yield from _classes(dataset) if dataset.captions is None else _captions(dataset.captions)
    yield from _images_of(dataset)
    yield from _structure(dataset)
    for column in dataset.groups:
        yield Observation("ok", f"group {column}", _values(dataset, column))
    if entry is not None and entry.note:
        yield Observation("ok", "note", entry.note)


def _fingerprint(dataset: Dataset) -> Observation:
    return Observation("ok", "fingerprint", dataset.fingerprint)


def _count(entry: CatalogueEntry | None, dataset: Dataset) -> str:
    known = entry is not None and entry.count == len(dataset)
    return f"{len(dataset)} images" + (", as the catalogue says" if known else "")


def _classes(dataset: Dataset) -> Iterator[Observation]:
    yield Observation("ok", "labels", _label_range(dataset))
    yield _class_list(dataset)
    yield from _repeated_names(dataset)
    yield _balance(dataset)
    yield from _scored_names(dataset)
    yield from _prompts(dataset)


def _captions(captions: Captions) -> Iterator[Observation]:
    counts = np.bincount(captions.owners)
    yield Observation("ok", "captions", f"{len(captions.texts)}, {counts.min()} to {counts.max()} an image")


def _label_range(dataset: Dataset) -> str:
    return f"{dataset.labels.min()} to {dataset.labels.max()}, {len(dataset.class_names)} classes"


def _class_list(dataset: Dataset) -> Observation:
    """Compare the names with the class set's: other wordings are other prompts, so they change results."""
    if dataset.class_set not in known_class_sets():
        return Observation("ok", "class list", "its own")
    known = class_set_names(dataset.class_set)
    other = [(found, name) for found, name in zip(dataset.class_names, known, strict=True) if found != name]
    if not other:
        return Observation("ok", "class list", f"{dataset.class_set}, as in open_clip")
    first = f"{other[0][0]!r} where open_clip says {other[0][1]!r}"
    return Observation(
        "warning", "class list", f"{len(other)} names differ from {dataset.class_set}, the first {first}"
    )


def _repeated_names(dataset: Dataset) -> Iterator[Observation]:
    names, counts = np.unique(np.array(dataset.class_names), return_counts=True)
    repeated = names[counts > 1].tolist()
    if repeated:
        detail = f"{', '.join(repeated)}: the later class of each name can never be predicted"
        yield Observation("warning", "repeated class names", detail)


def _balance(dataset: Dataset) -> Observation:
    counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
    empty = np.flatnonzero(counts == 0)
    detail = f"{counts.min()} to {counts.max()} images a class"
    if empty.size:
        first = dataset.class_names[empty[0]]
        return Observation("warning", "class balance", f"{empty.size} classes have no image, the first {first!r}")
    return Observation("ok", "class balance", detail)


def _scored_names(dataset: Dataset) -> Iterator[Observation]:
    if dataset.vocabulary is not None:
        names, merge = len(dataset.vocabulary.names), dataset.vocabulary.merge.replace("_", " ")
        detail = f"{names} names are scored for {len(dataset.class_names)} classes; the {merge} of a class counts"
        yield Observation("ok", "scored names", detail)


def _images_of(dataset: Dataset) -> Iterator[Observation]:
    if dataset.base is not None:
        detail = f"{len(dataset)} of the {len(dataset.base)} images of {dataset.base.name}"
        yield Observation("ok", "view", detail)


def _structure(dataset: Dataset) -> Iterator[Observation]:
    """Count what images are grouped into, where they are not samples one by one."""
    try:
        if dataset.task == "video":
            sets = pm_sets(dataset)
            yield Observation(
                "ok", "anchors", f"{len(sets.anchors)}, with {len(sets.frames)} similar frames around them"
            )
        elif dataset.task == "sequences":
            lengths = [len(rows) for rows in sequences_of(dataset).rows]
            yield Observation("ok", "sequences", f"{len(lengths)} of {min(lengths)} to {max(lengths)} frames")
    except DataError as error:
        yield Observation("error", "frames", str(error))


def _prompts(dataset: Dataset) -> Iterator[Observation]:
    if dataset.task == "ood":
        yield Observation("ok", "prompts", f"those of {dataset.id_dataset or 'the in-distribution set'}")
    elif dataset.templates:
        yield Observation("ok", "prompts", f"{len(dataset.templates)} templates of its own")
    elif dataset.prompts:
        yield Observation("ok", "prompts", dataset.prompts)
    else:
        yield Observation("ok", "prompts", "no templates of its own, so OpenAI's 80 (openai-80)")


def _values(dataset: Dataset, name: str) -> str:
    column = dataset.groups[name]
    values = group_values(column)
    return name_first([f"{value or 'none'} ({has_value(column, value).sum()})" for value in values], 8)


def _defects(dataset: Dataset) -> Iterator[Observation]:
    for defect in dataset.defects:
        yield Observation("warning", "content", defect)


def _headers(dataset: Dataset, decode: int | None) -> Iterator[Observation]:
    """Warn of images that other programs may show otherwise (docs/datasets.md says how they are read here)."""
    shown = dataset.base or dataset
    for odd in odd_headers(shown, spread(len(shown), None if decode is None else max(decode, MOST_HEADERS))):
        yield Observation("warning", odd.what, f"{odd.count} of {odd.looked_at} images looked at: {odd.treatment}")


def _decoded(dataset: Dataset, decode: int | None) -> Observation:
    """Decode images spread evenly over the dataset, the first and the last among them."""
    indices = spread(len(dataset), decode)
    damaged = [problem for index in indices if (problem := _problem(dataset, index)) is not None]
    if damaged:
        return Observation(
            "error", "decoding", f"{len(damaged)} of {len(indices)} images fail, the first:\n{damaged[0]}"
        )
    return Observation("ok", "decoding", f"{len(indices)} of {len(dataset)} images decoded")


def _problem(dataset: Dataset, index: int) -> str | None:
    try:
        dataset.image(index)
    except DataError as error:
        return str(error)
    return None
