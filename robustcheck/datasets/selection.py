"""Slices of a dataset: which samples ``where`` keeps, and which classes compete."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.class_sets import class_set_indices, imagenet_class_names, known_class_sets
from robustcheck.datasets.dataset import Dataset, IntArray, StrArray
from robustcheck.errors import DataError, did_you_mean
from robustcheck.listing import name_first
from robustcheck.values import Pairs

CLASSES = "classes"  # `classes: imagenet-a` restricts samples and competing classes alike
SEPARATOR = ";"  # "pose;background": a sample that has both values
CLASS = "class"  # `class: tench` keeps the samples of one class


def select(dataset: Dataset, where: Pairs) -> IntArray:
    """Return the indices of the samples that satisfy every condition, ascending; an empty slice is an error."""
    keep = np.ones(len(dataset), dtype=bool)
    for key, value in where:
        keep &= _matching(dataset, key, value)
    indices = np.flatnonzero(keep).astype(np.int64)
    if indices.size == 0:
        conditions = " and ".join(f"{key}={value}" for key, value in where)
        raise DataError(f"no sample has {conditions or 'any content'}", where=dataset.name, expected="at least one")
    return indices


def kept_classes(dataset: Dataset, where: Pairs) -> IntArray | None:
    """Return the labels that compete under a class-set condition, ascending; None when all of them do.

    Logits are cut down to these before argmax and softmax: accuracy on the classes of ImageNet-A is the
    matching x axis only with the same mask on both sides.
    """
    kept: IntArray | None = None
    for key, value in where:
        if key == CLASSES:
            labels = np.flatnonzero(_in_class_set(dataset, value)).astype(np.int64)
            kept = labels if kept is None else np.intersect1d(kept, labels)
    return kept


def _matching(dataset: Dataset, key: str, value: str) -> npt.NDArray[np.bool_]:
    if key == CLASSES:
        return np.asarray(_in_class_set(dataset, value)[dataset.labels])
    if key == CLASS and key not in dataset.groups:
        return np.asarray(dataset.labels == _single_class(value, dataset))
    _require_known(key, (*dataset.groups, CLASS, CLASSES), "column", dataset)
    _require_known(value, group_values(dataset.groups[key]), f"value of {key}", dataset)
    return has_value(dataset.groups[key], value)


def _single_class(name: str, dataset: Dataset) -> int:
    """Return the label of a class; raise DataError where several have its name (ImageNet has two such pairs)."""
    names = dataset.class_names if name in dataset.class_names else _names_of_imagenet(dataset)
    _require_known(name, dataset.class_names if name not in names else names, "class", dataset)
    found = [label for label, known in enumerate(names) if known == name]
    if len(found) > 1:
        raise DataError(
            f"the class name {name!r} stands for several classes: {', '.join(map(str, found))}",
            where=dataset.name,
            expected=f"the name of one class in {CLASS!r}",
            fix="pick it by a column of groups.csv instead",
        )
    return found[0]


def _names_of_imagenet(dataset: Dataset) -> tuple[str, ...]:
    """Return what ImageNet calls the classes: the words of a directory's own list may be of another version."""
    if dataset.columns is None or dataset.vocabulary is not None:
        return ()
    names = imagenet_class_names()
    return tuple(names[column] for column in dataset.columns.tolist())


def group_values(column: StrArray) -> tuple[str, ...]:
    """Return the values that occur in a column, in order; "pose;background" holds two."""
    return tuple(sorted({value for text in np.unique(column).tolist() for value in text.split(SEPARATOR)}))


def has_value(column: StrArray, value: str) -> npt.NDArray[np.bool_]:
    """Return for each sample whether the value is its own, or one of its own."""
    return np.array([value in text.split(SEPARATOR) for text in column.tolist()], dtype=np.bool_)


def _in_class_set(dataset: Dataset, name: str) -> npt.NDArray[np.bool_]:
    """Return for each of the dataset's classes whether it belongs to a part of ImageNet's classes.

    Where several of ImageNet's classes stand for one, it belongs if any of them does.
    """
    _require_known(name, tuple(sorted(known_class_sets())), "class set", dataset)
    if dataset.columns is None:
        raise DataError(
            f"its classes are not ImageNet's, so they cannot be restricted to {name}",
            where=dataset.name,
            expected=f"no condition on {CLASSES!r}",
        )
    inside = np.isin(dataset.columns, class_set_indices(name))
    if dataset.vocabulary is None:
        return inside
    return np.array([inside[places].any() for places in dataset.vocabulary.members], dtype=np.bool_)


def _require_known(name: str, known: tuple[str, ...], what: str, dataset: Dataset) -> None:
    if name not in known:
        raise DataError(
            f"unknown {what} {name!r}",
            where=dataset.name,
            expected=f"one of {name_first(known, 20)}",
            fix=did_you_mean(name, known),
        )
