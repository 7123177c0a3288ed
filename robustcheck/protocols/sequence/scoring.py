"""Stability along perturbation sequences: flip rate and top-5 distance (PROTOCOLS section 9)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import expand, sequences_of
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.readout import blocks
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.scoring import Measured, Scoring, option, recipes_of_subsets, weighted_samples
from robustcheck.protocols.sequence.flips import (
    UNVERIFIED,
    PerturbedSubset,
    flip_rates,
    read_baseline,
    reference_of,
    sequence_values,
    top5_classes,
    top5_distances,
)
from robustcheck.values import Cell

Ints = npt.NDArray[np.int64]


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


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return one value a sequence, with its weight in the mean over perturbations."""
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    found = [
        _perturbed(cell, name.rsplit("/", 1)[-1], recipe, memo) for name, recipe in zip(names, recipes, strict=True)
    ]
    columns = sequence_values(found, _baseline(cell))
    return Measured(weighted_samples(columns), (("perturbations", ", ".join(part.perturbation for part in found)),))


def _baseline(cell: Cell) -> Mapping[str, float] | None:
    """Return what flip rates are divided by: only mfr has such values, and only when the check asks for them."""
    if cell.quantity.metric != "mfr":
        return None
    if option(cell, "baseline") == "none":
        raise DataError(
            "mfr needs AlexNet's flip rates, and the table that ships is not verified",
            where=cell.quantity.label,
            fix="options: {baseline: alexnet-unverified}, or measure flip_rate",
        )
    return read_baseline(UNVERIFIED)


def _perturbed(cell: Cell, perturbation: str, recipe: Recipe, memo: Memo) -> PerturbedSubset:
    frames = sequences_of(recipe.dataset)
    reference = reference_of(perturbation)
    if cell.quantity.metric in ("flip_rate", "mfr"):
        found = read_slice(recipe, memo)
        predicted = found.summary.column("predicted", cell.quantity.metric).astype(np.int64)
        return PerturbedSubset(perturbation, frames.videos, flip_rates(predicted, frames.rows, reference))
    distances = top5_distances(_best_classes(recipe, memo), frames.rows, reference)
    return PerturbedSubset(perturbation, frames.videos, distances)


def _best_classes(recipe: Recipe, memo: Memo) -> Ints:
    readout = readout_of(recipe, memo)
    return np.concatenate([top5_classes(readout.logits(rows)) for rows in blocks(np.arange(len(recipe.dataset)))])


SCORING = Scoring(find_recipes, samples)
