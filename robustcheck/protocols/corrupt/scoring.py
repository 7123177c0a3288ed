"""Corruption errors over a family of corrupted copies, beside AlexNet's or by themselves (PROTOCOLS section 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from robustcheck.datasets import expand
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.corrupt.corruption_errors import CorruptedSubset
from robustcheck.protocols.scoring import recipes_of_subsets
from robustcheck.values import Cell, Samples

# From the errors of the subsets, and of the clean images where they count, to a weight for each.
Weigh = Callable[..., Samples]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of every (corruption, severity) subset."""
    names, rest = expand(cell.quantity.dataset, cell.quantity.where)
    if names == (cell.quantity.dataset,) or rest:
        raise DataError(
            f"{cell.quantity.metric} is over the subsets of a family of corrupted copies",
            where=cell.quantity.label,
            expected="imagenet-c, imagenet-3dcc or shapes-c, at most with corruption and severity in where",
        )
    return recipes_of_subsets(cell, shelf, names)


def find_recipes_with_clean(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of every (corruption, severity) subset, then that of the clean images."""
    found = find_recipes(cell, shelf)
    return (*found, shelf.recipe(cell.model, option_of(cell, "clean"), replace(cell.quantity, where=())))


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, weigh: Weigh) -> Sampled:
    """Return the error of every image of every subset, with its weight."""
    found = [read_slice(recipe, memo) for recipe in recipes]
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    corrupted = [
        CorruptedSubset(*_axes_of(name), part.ids, 1 - part.summary.correct)
        for name, part in zip(names, found, strict=False)
    ]
    clean = (column for part in found[len(names) :] for column in (part.ids, 1 - part.summary.correct))
    return Sampled(weigh(corrupted, *clean), (("subsets", f"{len(corrupted)} of (corruption, severity)"),))


def _axes_of(name: str) -> tuple[str, int]:
    _, corruption, severity = name.rsplit("/", 2)
    return corruption, int(severity)
