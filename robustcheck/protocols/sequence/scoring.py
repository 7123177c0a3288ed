"""Stability along perturbation sequences: flip rate and top-5 distance (PROTOCOLS section 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import expand, sequences_of
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, option_of
from robustcheck.measure.readout import blocks
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.scoring import recipes_of_subsets
from robustcheck.protocols.sequence.flips import (
    UNVERIFIED,
    PerturbedSubset,
    Reference,
    flip_rates,
    flip_reference,
    read_baseline,
    sequence_values,
    top5_classes,
    top5_distances,
)
from robustcheck.values import Cell

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# What a metric gives each sequence (v,), from the rows of its frames and which one is the reference.
Score = Callable[[Cell, Recipe, Memo, Sequence[Ints], Reference], Floats]
# What the values of each perturbation are divided by.
DivideBy = Callable[[Cell], Mapping[str, float] | None]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of each perturbation's sequences."""
    names, rest = expand(cell.quantity.dataset, cell.quantity.where)
    if rest:
        raise DataError(
            f"{cell.quantity.metric} is of whole sequences, all of them",
            where=cell.quantity.label,
            expected="at most a perturbation in where",
        )
    return recipes_of_subsets(cell, shelf, names)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, score: Score, divide_by: DivideBy) -> Sampled:
    """Return what ``score`` gives each sequence, with its weight in the mean over perturbations."""
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    found = [
        _perturbed(cell, name.rsplit("/", 1)[-1], recipe, memo, score)
        for name, recipe in zip(names, recipes, strict=True)
    ]
    return Sampled(
        sequence_values(found, divide_by(cell)), (("perturbations", ", ".join(part.perturbation for part in found)),)
    )


def score_flips(cell: Cell, recipe: Recipe, memo: Memo, rows: Sequence[Ints], reference: Reference) -> Floats:
    """Return the flip rate of each sequence."""
    found = read_slice(recipe, memo)
    predicted = found.summary.predicted(cell.quantity.metric)
    return flip_rates(predicted, rows, reference)


def score_distances(cell: Cell, recipe: Recipe, memo: Memo, rows: Sequence[Ints], reference: Reference) -> Floats:
    """Return the top-5 distance of each sequence."""
    return top5_distances(_best_classes(recipe, memo), rows, reference)


def divide_by_nothing(cell: Cell) -> None:
    """Leave the values as they are."""


def divide_by_alexnet(cell: Cell) -> Mapping[str, float]:
    """Return AlexNet's flip rates; raise DataError unless the check asks for the table that is not verified."""
    if option_of(cell, "baseline") == "none":
        raise DataError(
            f"{cell.quantity.metric} needs AlexNet's flip rates, and the table that ships is not verified",
            where=cell.quantity.label,
            fix="options: {baseline: alexnet-unverified}, or measure flip_rate",
        )
    return read_baseline(UNVERIFIED)


def _perturbed(cell: Cell, perturbation: str, recipe: Recipe, memo: Memo, score: Score) -> PerturbedSubset:
    frames = sequences_of(recipe.dataset)
    values = score(cell, recipe, memo, frames.rows, flip_reference(perturbation))
    return PerturbedSubset(perturbation, frames.videos, values)


def _best_classes(recipe: Recipe, memo: Memo) -> Ints:
    readout = readout_of(recipe, memo)
    return np.concatenate([top5_classes(readout.logits(rows)) for rows in blocks(np.arange(len(recipe.dataset)))])
