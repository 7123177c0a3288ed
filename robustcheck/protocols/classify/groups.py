"""Accuracy by group, macro-F1, and the agreement and error consistency of two models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from robustcheck.errors import DataError, did_you_mean
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, cells_of_options, metric_of, option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_paired, read_slice
from robustcheck.models.model_sets import resolve_one
from robustcheck.protocols.classify.scoring import hits_among, say_sure
from robustcheck.protocols.scoring import require_task
from robustcheck.stats.counted_ratios import GROUP_MIN
from robustcheck.stats.f1 import MACRO_F1
from robustcheck.stats.kappa import KAPPA
from robustcheck.stats.means import MEAN
from robustcheck.values import Cell, Samples

CLASSES = "class"
# How tables write that nothing is there: pandas and numpy among others.
_NO_GROUP = ("", "nan", "<na>")


def find_own_recipe(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the data set; a family's subsets have no one column of groups."""
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(found.dataset, metric_of(cell))
    return (found,)


def find_grouped_recipe(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of a data set that has the column of groups."""
    (found,) = find_own_recipe(cell, shelf)
    wanted = option_of(cell, "group")
    columns = (CLASSES, *sorted(found.dataset.groups))
    if wanted not in columns:
        raise DataError(
            f"{found.dataset.name} has no column {wanted!r}",
            where=cell.quantity.label,
            expected=", ".join(columns),
            fix=did_you_mean(wanted, columns) or "options: {group: COLUMN}",
        )
    return (found,)


def worst_group(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return the hits with the group of each image, of which the worst counts."""
    (recipe,) = recipes
    found = read_slice(recipe, memo, cell.quantity.where)
    wanted, k = option_of(cell, "group"), int(option_of(cell, "k"))
    hits = hits_among(cell, found, k)
    column = found.labels if wanted == CLASSES else _named_groups(recipe, wanted, found)
    names, groups = np.unique(column, return_inverse=True)
    means = np.bincount(groups, weights=hits) / np.bincount(groups)
    worst = int(means.argmin())
    name = recipe.dataset.class_names[int(names[worst])] if wanted == CLASSES else str(names[worst])
    fact = ("worst group", f"{wanted} {name}, {int((groups == worst).sum()):,} images of {names.size} groups")
    return Sampled(Samples(found.ids, hits, groups.astype(np.int64), GROUP_MIN.name), (fact, *say_sure(recipe, k)))


def _named_groups(recipe: Recipe, wanted: str, found: Slice) -> np.ndarray:
    """Return the group of each image; raise DataError where one has none: the worst group must be a group."""
    column = recipe.dataset.groups[wanted][found.rows]
    nameless = np.isin(np.char.lower(np.char.strip(column)), _NO_GROUP)
    if nameless.any():
        raise DataError(
            f"{int(nameless.sum()):,} of {column.size:,} images have no group in the column {wanted!r}, "
            f"such as {found.ids[nameless.argmax()]}",
            where=recipe.dataset.name,
            expected="a name for the group of each image",
            fix="fill in the column; if they are a group of their own, call it so: unknown",
        )
    return column


def macro_f1(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return the hits with labels and predicted classes."""
    found = read_slice(recipes[0], memo, cell.quantity.where)
    predicted = found.summary.column("predicted", cell.quantity.metric)
    return Sampled(Samples(found.ids, found.summary.correct, found.labels, MACRO_F1.name, counted=predicted))


def find_recipes_of_both(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipes of both models."""
    others: Sequence[Cell] = cells_of_options(cell, resolve_one)
    if not others:
        raise DataError(
            f"{cell.quantity.metric} is between two models",
            where=cell.quantity.label,
            fix="options: {with: openclip:ARCH/TAG}",
        )
    return (*find_own_recipe(cell, shelf), shelf.recipe(others[0].model, cell.quantity.dataset, cell.quantity))


def agreement_of_labelled(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image whether both models answer with the same class, be it right or wrong."""
    parts = read_paired(recipes, memo, cell.quantity.where)
    one, other = (_answers(cell, recipe, part) for recipe, part in zip(recipes, parts, strict=True))
    return Sampled(Samples(parts[0].ids, (one == other).astype(np.float64), parts[0].labels, MEAN.name))


def error_consistency(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image whether the model is right, and whether the other one is."""
    found, other = read_paired(recipes, memo, cell.quantity.where)
    hits = found.summary.correct
    both = np.count_nonzero(hits == other.summary.correct)
    said = (("both right or both wrong", f"{both:,} of {hits.size:,} images"),)
    return Sampled(Samples(found.ids, hits, found.labels, KAPPA.name, counted=other.summary.correct), said)


def _answers(cell: Cell, recipe: Recipe, part: Slice) -> np.ndarray:
    """Return the name of each answer: saved outputs may count the classes in another order. No class has none."""
    names = np.array([*names_apart(recipe.dataset.class_names), ""])
    return names[part.summary.predicted(cell.quantity.metric)]


def names_apart(names: Sequence[str]) -> list[str]:
    """Return the names of classes so that two classes of one name, as ImageNet has them, are two.

    >>> names_apart(["missile", "cat", "missile"])
    ['missile', 'cat', 'missile (2)']
    """
    seen = Counter[str]()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return told
