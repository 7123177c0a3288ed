"""Visual factors: how much worse a model is where one of them varies (PROTOCOLS section 2)."""

from __future__ import annotations

import numpy as np

from robustcheck.datasets import select
from robustcheck.datasets.selection import CLASSES
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_slice
from robustcheck.protocols.scoring import Measured, Scoring, as_clusters, facts_of, option, require_task
from robustcheck.values import Cell, Samples

FACTOR_COLUMNS = ("factor", "factors")


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of a data set that is annotated with factors."""
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(found.dataset, facts_of(cell))
    if not set(FACTOR_COLUMNS) <= set(found.dataset.groups):
        raise DataError(
            f"{cell.quantity.metric} needs annotated factors", where=found.dataset.name, expected="imagenet-x or shapes"
        )
    _require_condition(cell)
    return (found,)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return errors of a factor over all errors, or the hits of each factor."""
    (recipe,) = recipes
    found = read_slice(recipe, memo)
    return _error_ratio(cell, recipe, found) if cell.quantity.metric == "error_ratio" else _worst(cell, recipe, found)


def _require_condition(cell: Cell) -> None:
    """Refuse conditions that would be left out: both metrics hold a part against all images and classes."""
    keys = {key for key, _ in cell.quantity.where}
    if cell.quantity.metric == "worst_factor" and keys:
        raise DataError("worst_factor is over all images", where=cell.quantity.label, fix="leave `where` out")
    if cell.quantity.metric == "error_ratio" and not keys:
        raise DataError("error_ratio needs a factor", where=cell.quantity.label, fix="where: {factor: pose}")
    if CLASSES in keys:
        raise DataError("error_ratio is among all classes", where=cell.quantity.label, fix="leave `classes` out")


def _error_ratio(cell: Cell, recipe: Recipe, found: Slice) -> Measured:
    """Return (1 - a_k) / (1 - a) as a ratio of sums over all samples: errors in k over n_k, errors over n."""
    errors = 1 - found.summary.correct
    if not errors.any():
        raise DataError("the model makes no error, so no error has a ratio to it", where=cell.quantity.label)
    rows = select(recipe.dataset, cell.quantity.where)
    inside = np.zeros(len(errors))
    inside[rows] = 1 / len(rows)
    chosen = Samples(found.ids, errors * inside, found.labels, "ratio", counted=errors / len(errors))
    return Measured(chosen, (("images of the factor", f"{len(rows):,}"),))


def _worst(cell: Cell, recipe: Recipe, found: Slice) -> Measured:
    """Return the hits of every factor as a group; an image that has several factors counts in each."""
    column = recipe.dataset.groups["factor" if option(cell, "annotation") == "top" else "factors"]
    names = sorted({name for text in np.unique(column) for name in str(text).split(";") if name})
    rows = [np.flatnonzero([name in text.split(";") for text in column]) for name in names]
    taken = np.concatenate(rows)
    hits = found.summary.correct[taken]
    groups = np.repeat(np.arange(len(names)), [len(some) for some in rows])
    means = [found.summary.correct[some].mean() for some in rows]
    worst = names[int(np.argmin(means))]
    ids = np.concatenate([np.char.add(f"{name}/", found.ids[some]) for name, some in zip(names, rows, strict=True)])
    chosen = Samples(ids, hits, groups, "group_min", clusters=as_clusters(found.ids[taken]))
    return Measured(chosen, (("worst factor", f"{worst}, {len(rows[names.index(worst)]):,} images"),))


SCORING = Scoring(find_recipes, samples)
