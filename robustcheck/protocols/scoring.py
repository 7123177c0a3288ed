"""What every protocol's scoring is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset
from robustcheck.datasets.layouts.image_files import UNKNOWN
from robustcheck.errors import DataError
from robustcheck.measure.metric import Metric, metric_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.values import Cell, Task

Ints = npt.NDArray[np.int64]


def require_task(dataset: Dataset, metric: Metric, also: tuple[Task, ...] = ()) -> None:
    """Raise DataError unless a data set is of a kind that a metric can score."""
    tasks = (*metric.tasks, *also)
    if dataset.task not in tasks and tuple(dataset.class_names) == (UNKNOWN,):
        raise DataError(
            f"{metric.name} needs to know what an image shows, and these are images alone",
            where=dataset.name,
            expected="one sub-directory of images a class, or a manifest.csv with the columns path and label",
            fix="estimated_accuracy and agreement need no labels: options: {known: A SET OF THE SAME CLASSES}",
        )
    if dataset.task not in tasks:
        raise DataError(
            f"{metric.name} means nothing on {_article(dataset.task)} data set",
            where=dataset.name,
            expected="a data set for " + " or ".join(tasks),
            fix="robustcheck datasets lists the data sets and what each is for",
        )


def recipes_of_subsets(cell: Cell, shelf: Shelf, names: Sequence[str]) -> tuple[Recipe, ...]:
    """Return the recipe of each of several data sets of one kind."""
    found = tuple(shelf.recipe(cell.model, name, cell.quantity) for name in names)
    for recipe in found:
        require_task(recipe.dataset, metric_of(cell))
    return found


def choose_images(rows: Ints, count: int, seed: int) -> Ints:
    """Return so many of the rows, drawn by the seed and in ascending order; all of them where they are no more.

    >>> choose_images(np.arange(100), 3, 0).tolist() == choose_images(np.arange(100), 3, 0).tolist()
    True
    """
    if not count or count >= len(rows):
        return rows
    drawn = np.random.default_rng([seed, 20240310]).choice(rows, count, replace=False)
    return np.asarray(np.sort(drawn), dtype=np.int64)


def as_clusters(names: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Return one number for each distinct name (n,)."""
    return np.unique(names, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _article(task: str) -> str:
    return f"an {task}" if task[0] in "aeiou" else f"a {task}"
