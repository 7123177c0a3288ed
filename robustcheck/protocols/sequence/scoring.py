"""Stability along perturbation sequences: flip rate and top-5 distance (PROTOCOLS section 9)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import expand, sequences_of
from robustcheck.errors import DataError
from robustcheck.measure.readout import blocks
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.scoring import Measured, Scoring, option, recipes_of_parts, weighted_samples
from robustcheck.protocols.sequence.flips import (
    UNVERIFIED,
    PerturbedPart,
    flip_rates,
    read_baseline,
    reference_of,
    sequence_values,
    top5_classes,
    top5_distances,
)
from robustcheck.values import Cell

Ints = npt.NDArray[np.int64]


def recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of each perturbation's sequences."""
    names, rest = expand(cell.quantity.dataset, cell.quantity.where)
    if rest:
        raise DataError(
            f"{cell.quantity.metric} is of whole sequences, all of them",
            where=cell.quantity.label,
            expected="at most a perturbation in where",
        )
    return recipes_of_parts(cell, shelf, names)


def samples(cell: Cell, parts: tuple[Recipe, ...]) -> Measured | None:
    """Return one value a sequence, with its weight in the mean over perturbations."""
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    found = [_perturbed(cell, name.rsplit("/", 1)[-1], part) for name, part in zip(names, parts, strict=True)]
    complete = [part for part in found if part is not None]
    if len(complete) < len(found):
        return None
    columns = sequence_values(complete, _baseline(cell))
    return Measured(weighted_samples(columns), (("perturbations", ", ".join(part.perturbation for part in complete)),))


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


def _perturbed(cell: Cell, perturbation: str, part: Recipe) -> PerturbedPart | None:
    frames = sequences_of(part.dataset)
    reference = reference_of(perturbation)
    if cell.quantity.metric in ("flip_rate", "mfr"):
        found = read_slice(part)
        if found is None:
            return None
        predicted = found.summary.column("predicted", cell.quantity.metric).astype(np.int64)
        return PerturbedPart(perturbation, frames.videos, flip_rates(predicted, frames.rows, reference))
    best = _best_classes(part)
    if best is None:
        return None
    return PerturbedPart(perturbation, frames.videos, top5_distances(best, frames.rows, reference))


def _best_classes(part: Recipe) -> Ints | None:
    readout = readout_of(part)
    if readout is None:
        return None
    return np.concatenate([top5_classes(readout.logits(rows)) for rows in blocks(np.arange(len(part.dataset)))])


SCORING = Scoring(recipes, samples)
