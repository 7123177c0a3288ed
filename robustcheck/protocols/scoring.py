"""What every protocol's scoring is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.metrics import MetricFacts, metric_facts
from robustcheck.protocols.weighted_sum import WeightedSum
from robustcheck.values import Cell, Pairs, Samples, Task


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The samples behind a score, and what is worth knowing of how they came about."""

    samples: Samples
    facts: Pairs = ()


@dataclass(frozen=True, slots=True)
class Scoring:
    """A protocol: what a cell reads, and how that becomes samples."""

    find_recipes: Callable[[Cell, Shelf], tuple[Recipe, ...]]
    samples: Callable[[Cell, tuple[Recipe, ...], Memo], Measured]


def facts_of(cell: Cell) -> MetricFacts:
    """Return the facts of a cell's metric."""
    return metric_facts(cell.quantity.metric)


def option(cell: Cell, name: str) -> str:
    """Return a setting of a cell's metric: the one that the check names, or the default."""
    return facts_of(cell).option(name, cell.quantity.options)


def require_task(dataset: Dataset, facts: MetricFacts, also: tuple[Task, ...] = ()) -> None:
    """Raise DataError unless a data set is of a kind that a metric can score."""
    tasks = (*facts.tasks, *also)
    if dataset.task not in tasks:
        raise DataError(
            f"{facts.name} means nothing on {_article(dataset.task)} data set",
            where=dataset.name,
            expected="a data set for " + " or ".join(tasks),
            fix="robustcheck datasets lists the data sets and what each is for",
        )


def recipes_of_subsets(cell: Cell, shelf: Shelf, names: Sequence[str]) -> tuple[Recipe, ...]:
    """Return the recipe of each of several data sets of one kind."""
    found = tuple(shelf.recipe(cell.model, name, cell.quantity) for name in names)
    for recipe in found:
        require_task(recipe.dataset, facts_of(cell))
    return found


def weighted_samples(columns: WeightedSum) -> Samples:
    """Return the samples of a weighted sum."""
    return Samples(
        columns.ids,
        columns.scores,
        columns.groups,
        "weighted_sum",
        weights=columns.weights,
        clusters=columns.clusters,
    )


def as_clusters(names: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Return one number for each distinct name (n,)."""
    return np.unique(names, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _article(task: str) -> str:
    return f"an {task}" if task[0] in "aeiou" else f"a {task}"
