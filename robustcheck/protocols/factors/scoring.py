"""Visual factors: how much worse a model is where one of them varies (PROTOCOLS section 2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from robustcheck.datasets import select
from robustcheck.datasets.selection import CLASSES
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_slice
from robustcheck.protocols.scoring import as_clusters, require_task
from robustcheck.stats.counted_ratios import GROUP_MIN, RATIO
from robustcheck.values import Cell, Samples

FACTOR_COLUMNS = ("factor", "factors")


# What a metric makes of the images of a data set with factors, and the conditions that it refuses.
Score = Callable[[Cell, Recipe, Slice], Sampled]
Require = Callable[[Cell], None]


def find_recipes(cell: Cell, shelf: Shelf, *, require: Require) -> tuple[Recipe, ...]:
    """Return the recipe of a data set that is annotated with factors."""
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(found.dataset, metric_of(cell))
    if not set(FACTOR_COLUMNS) <= set(found.dataset.groups):
        raise DataError(
            f"{cell.quantity.metric} needs annotated factors", where=found.dataset.name, expected="imagenet-x or shapes"
        )
    require(cell)
    return (found,)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, score: Score) -> Sampled:
    """Return what ``score`` makes of all images."""
    (recipe,) = recipes
    return score(cell, recipe, read_slice(recipe, memo))


def require_all_images(cell: Cell) -> None:
    """Refuse conditions: they would be left out."""
    if cell.quantity.where:
        raise DataError(
            f"{cell.quantity.metric} is over all images", where=cell.quantity.label, fix="leave `where` out"
        )


def require_factor(cell: Cell) -> None:
    """Require a condition; refuse a class mask, since a part is held against all images and classes."""
    keys, metric = {key for key, _ in cell.quantity.where}, cell.quantity.metric
    if not keys:
        raise DataError(f"{metric} needs a factor", where=cell.quantity.label, fix="where: {factor: pose}")
    if CLASSES in keys:
        raise DataError(f"{metric} is among all classes", where=cell.quantity.label, fix="leave `classes` out")


def error_ratio(cell: Cell, recipe: Recipe, found: Slice) -> Sampled:
    """Return (1 - a_k) / (1 - a) as a ratio of sums over all samples: errors in k over n_k, errors over n."""
    # 1 - a_k = sum_{i in k} e_i / n_k and 1 - a = sum_i e_i / n. Both are sums over all n images, with 1 / n_k inside k
    # and 0 outside, so that an image drawn into a replicate counts in both.
    errors = 1 - found.summary.correct
    if not errors.any():
        raise DataError("the model makes no error, so no error has a ratio to it", where=cell.quantity.label)
    rows = select(recipe.dataset, cell.quantity.where)
    inside = np.zeros(len(errors))
    inside[rows] = 1 / len(rows)
    chosen = Samples(found.ids, errors * inside, found.labels, RATIO.name, counted=errors / len(errors))
    return Sampled(chosen, (("images of the factor", f"{len(rows):,}"),))


def worst_factor(cell: Cell, recipe: Recipe, found: Slice) -> Sampled:
    """Return the hits of every factor as a group; an image that has several factors counts in each."""
    column = recipe.dataset.groups["factor" if option_of(cell, "annotation") == "top" else "factors"]
    names = sorted({name for text in np.unique(column) for name in str(text).split(";") if name})
    rows = [np.flatnonzero([name in text.split(";") for text in column]) for name in names]
    taken = np.concatenate(rows)
    hits = found.summary.correct[taken]
    groups = np.repeat(np.arange(len(names)), [len(some) for some in rows])
    means = [found.summary.correct[some].mean() for some in rows]
    worst = names[int(np.argmin(means))]
    ids = np.concatenate([np.char.add(f"{name}/", found.ids[some]) for name, some in zip(names, rows, strict=True)])
    chosen = Samples(ids, hits, groups, GROUP_MIN.name, clusters=as_clusters(found.ids[taken]))
    return Sampled(chosen, (("worst factor", f"{worst}, {len(rows[names.index(worst)]):,} images"),))
