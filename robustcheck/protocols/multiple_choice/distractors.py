"""The names of a question: the image's class, and the three wrong ones that a selection model takes it for most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.readout import blocks
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.protocols.multiple_choice.questions import LETTERS, Order, order_options
from robustcheck.stats.sampling import rows_of_ids
from robustcheck.store import Stored, content_key

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Raise when the same logits come to give other questions.
SCHEMA = 1
FAILURES = len(LETTERS) - 1


@dataclass(frozen=True, eq=False)
class FailureOptions:
    """The classes (n, 4) of the question about each image, in the order in which they stand.

    ``selector`` is the recipe of the selection model. ``rows`` are the samples that are asked about, empty for all;
    ``kept`` the classes that compete, empty for all. ``asked`` is the data set that both count in, where the selection
    model's outputs were saved in another order of samples or of classes.
    """

    selector: Recipe
    order: Order
    seed: int
    rows: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    asked: Dataset | None = None

    @property
    def dataset(self) -> Dataset:
        """The data set whose samples are asked about."""
        return self.selector.dataset if self.asked is None else self.asked

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """Return the recipe that it is made from."""
        return (self.selector,)

    @cached_property
    def key(self) -> str:
        """The sha256 of what decides the questions."""
        # A circle begins with the seeded order.
        order = "seeded" if self.order == "circular" else self.order
        facts = {"schema": SCHEMA, "order": order, "seed": self.seed, "rows": self.rows, "kept": self.kept}
        names = {"labels": self.dataset.labels.tolist(), "names": self.dataset.class_names}
        ordered = {} if self.asked is None else {"ids": self.asked.ids.tolist()}
        return content_key({"selector": self.selector.key, **facts, **names, **ordered})

    @property
    def places(self) -> Ints:
        """The samples that are asked about."""
        return np.array(self.rows, np.int64) if self.rows else np.arange(len(self.dataset))

    def make(self, memo: Memo) -> Stored:
        """Return the classes, from the logits of the selection model."""
        dataset, readout = self.dataset, readout_of(self.selector, memo)
        samples, classes = pair_with_selector(dataset, self.selector)
        found: list[Ints] = []
        for part in blocks(self.places):
            options = self._options(readout.logits(samples[part])[:, classes], dataset.labels[part])
            ids = dataset.ids[part].tolist()
            found += [order_options(four, name, self.seed, self.order) for four, name in zip(options, ids, strict=True)]
        return Stored(np.stack(found), {"selector": self.selector.ref.id})

    def _options(self, logits: Floats, labels: Ints) -> Iterator[Ints]:
        competing = np.zeros(logits.shape[1], bool)
        competing[list(self.kept) or slice(None)] = True
        for scores, label in zip(np.where(competing, logits, -np.inf), labels.tolist(), strict=True):
            failures = failure_classes(scores, label, self.dataset.class_names)
            if len(failures) < FAILURES:
                raise DataError(
                    f"{self.selector.ref.id} tells {len(failures)} wrong names; a question needs {FAILURES}",
                    where=self.dataset.name,
                    expected=f"{len(LETTERS)} classes or more of different names",
                )
            yield np.array([label, *failures], np.int64)


def pair_with_selector(dataset: Dataset, selector: Recipe) -> tuple[Ints, Ints]:
    """Return where the selection model counts each sample (n,) and each class (C,) of a data set.

    Outputs saved elsewhere have orders of their own. Raises DataError where they are of other samples or classes, or
    label a sample otherwise.
    """
    own, other = np.array(dataset.class_names), selector.dataset
    samples = rows_of_ids(dataset.ids, other.ids)
    classes = rows_of_ids(own, np.array(other.class_names))
    if samples is None or classes is None:
        what, expected = ("samples", "the same images") if samples is None else ("classes", "the same class names")
        raise DataError(
            f"the result of {selector.ref.id} is on other {what}", where=dataset.name, expected=f"{expected}, each once"
        )
    if (wrong := np.flatnonzero(classes[dataset.labels] != other.labels[samples])).size:
        first, theirs = wrong[0], other.class_names[other.labels[samples[wrong[0]]]]
        raise DataError(
            f"the result of {selector.ref.id} has other labels for {wrong.size:,} samples: "
            f"{dataset.ids[first]} is {own[dataset.labels[first]]} here and {theirs} there",
            where=dataset.name,
            expected="the same labels",
        )
    return samples, classes


def failure_classes(scores: Floats, label: int, names: Sequence[str]) -> list[int]:
    """Return the wrong classes of the highest scores (C,), at most three; of equal ones the first.

    Names that occur twice (ImageNet has two classes called missile) are offered once, and never beside the right one.

    >>> failure_classes(np.array([0.9, 0.5, 0.7, 0.8, 0.1]), 0, ("cat", "dog", "fox", "cat", "hen"))
    [2, 1, 4]
    """
    found: dict[str, int] = {names[label]: label}
    for place in np.argsort(-scores, kind="stable").tolist():
        if len(found) > FAILURES or not np.isfinite(scores[place]):
            break
        found.setdefault(names[place], place)
    return list(found.values())[1:]
