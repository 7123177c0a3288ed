"""Corruption errors over a family of corrupted copies, beside AlexNet's or by themselves (PROTOCOLS section 9)."""

from __future__ import annotations

from dataclasses import replace

from robustcheck.datasets import expand
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.corrupt.errors import (
    CorruptedSubset,
    mce,
    mean_corruption_error,
    relative_mce,
)
from robustcheck.protocols.scoring import Measured, Scoring, option, recipes_of_subsets, weighted_samples
from robustcheck.values import Cell

RELATIVE = "relative_mce"


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of every (corruption, severity) subset, then that of the clean images where they count."""
    names, rest = expand(cell.quantity.dataset, cell.quantity.where)
    if names == (cell.quantity.dataset,) or rest:
        raise DataError(
            f"{cell.quantity.metric} is over the subsets of a family of corrupted copies",
            where=cell.quantity.label,
            expected="imagenet-c, imagenet-3dcc or shapes-c, at most with corruption and severity in where",
        )
    found = recipes_of_subsets(cell, shelf, names)
    if cell.quantity.metric != RELATIVE:
        return found
    return (*found, shelf.recipe(cell.model, option(cell, "clean"), replace(cell.quantity, where=())))


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return the error of every image of every subset, with its weight."""
    found = [read_slice(recipe, memo) for recipe in recipes]
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    corrupted = [
        CorruptedSubset(*_axes_of(name), part.ids, 1 - part.summary.correct)
        for name, part in zip(names, found, strict=False)
    ]
    if cell.quantity.metric == RELATIVE:
        columns = relative_mce(corrupted, found[-1].ids, 1 - found[-1].summary.correct)
    else:
        columns = (mce if cell.quantity.metric == "mce" else mean_corruption_error)(corrupted)
    return Measured(weighted_samples(columns), (("subsets", f"{len(corrupted)} of (corruption, severity)"),))


def _axes_of(name: str) -> tuple[str, int]:
    _, corruption, severity = name.rsplit("/", 2)
    return corruption, int(severity)


SCORING = Scoring(find_recipes, samples)
