"""Examine a dataset without a model: what is there, what is wrong, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from robustcheck.datasets.catalogue import known_datasets
from robustcheck.datasets.class_sets import class_set_names, known_class_sets
from robustcheck.datasets.dataset import Dataset
from robustcheck.datasets.open import open_dataset
from robustcheck.errors import DataError

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was found."""

    level: Level
    what: str
    detail: str


def examine(
    name_or_path: str, roots: Sequence[Path], decode: int | None = 16, index_dir: Path | None = None
) -> list[Finding]:
    """Examine a dataset; ``decode`` images spread over it are decoded, all of them if it is None."""
    try:
        dataset = open_dataset(name_or_path, roots, index_dir)
    except DataError as error:
        return [Finding("error", "opening", str(error))]
    return [
        Finding("ok", "count", _count(name_or_path, dataset)),
        Finding("ok", "labels", _label_range(dataset)),
        _class_list(dataset),
        *_repeated_names(dataset),
        _balance(dataset),
        *_prompts(dataset),
        *(Finding("ok", f"group {name}", _values(dataset, name)) for name in dataset.groups),
        *_task(name_or_path),
        _decoded(dataset, decode),
        Finding("ok", "fingerprint", dataset.fingerprint),
    ]


def _count(name: str, dataset: Dataset) -> str:
    entry = known_datasets().get(name)
    known = entry is not None and entry.count is not None
    return f"{len(dataset)} images" + (", as the catalogue says" if known else "")


def _label_range(dataset: Dataset) -> str:
    return f"{dataset.labels.min()} to {dataset.labels.max()}, {len(dataset.class_names)} classes"


def _class_list(dataset: Dataset) -> Finding:
    """Compare the names with the class set's: other wordings are other prompts, so they change results."""
    if dataset.class_set not in known_class_sets():
        return Finding("ok", "class list", "its own")
    known = class_set_names(dataset.class_set)
    other = [(found, name) for found, name in zip(dataset.class_names, known, strict=True) if found != name]
    if not other:
        return Finding("ok", "class list", f"{dataset.class_set}, as in open_clip")
    first = f"{other[0][0]!r} where open_clip says {other[0][1]!r}"
    return Finding("warning", "class list", f"{len(other)} names differ from {dataset.class_set}, the first {first}")


def _repeated_names(dataset: Dataset) -> Iterator[Finding]:
    names, counts = np.unique(np.array(dataset.class_names), return_counts=True)
    repeated = names[counts > 1].tolist()
    if repeated:
        detail = f"{', '.join(repeated)}: the later class of each name can never be predicted"
        yield Finding("warning", "repeated class names", detail)


def _balance(dataset: Dataset) -> Finding:
    counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
    empty = np.flatnonzero(counts == 0)
    detail = f"{counts.min()} to {counts.max()} images a class"
    if empty.size:
        first = dataset.class_names[empty[0]]
        return Finding("warning", "class balance", f"{empty.size} classes have no image, the first {first!r}")
    return Finding("ok", "class balance", detail)


def _prompts(dataset: Dataset) -> Iterator[Finding]:
    if dataset.templates:
        yield Finding("ok", "prompts", f"{len(dataset.templates)} templates of its own")
    elif dataset.prompts:
        yield Finding("ok", "prompts", dataset.prompts)
    else:
        yield Finding("warning", "prompts", "no templates; checks must name a prompt set")


def _values(dataset: Dataset, name: str) -> str:
    values, counts = np.unique(dataset.groups[name], return_counts=True)
    shown = ", ".join(f"{value} ({count})" for value, count in zip(values[:8], counts[:8], strict=True))
    return shown + (f" and {len(values) - 8} more" if len(values) > 8 else "")


def _task(name: str) -> Iterator[Finding]:
    entry = known_datasets().get(name)
    if entry is not None and entry.note:
        yield Finding("warning" if entry.task != "classification" else "ok", "note", entry.note)


def _decoded(dataset: Dataset, decode: int | None) -> Finding:
    """Decode images spread evenly over the dataset, the first and the last among them."""
    wanted = len(dataset) if decode is None else min(decode, len(dataset))
    indices = np.unique(np.linspace(0, len(dataset) - 1, wanted).round().astype(int)).tolist()
    damaged = [problem for index in indices if (problem := _problem(dataset, index)) is not None]
    if damaged:
        return Finding("error", "decoding", f"{len(damaged)} of {len(indices)} images fail, the first:\n{damaged[0]}")
    return Finding("ok", "decoding", f"{len(indices)} of {len(dataset)} images decoded")


def _problem(dataset: Dataset, index: int) -> str | None:
    try:
        dataset.image(index)
    except DataError as error:
        return str(error)
    return None
