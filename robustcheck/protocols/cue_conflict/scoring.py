"""Shape bias on cue-conflict images: does the shape or the texture decide? (PROTOCOLS section 4)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.models.kind import capabilities
from robustcheck.protocols.scoring import require_task
from robustcheck.stats.counted_ratios import RATIO
from robustcheck.values import Cell, Samples

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """How images were decided: by their shape, by their texture (n,), 1.0 or 0.0, and whether the two conflict (n,)."""

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    by_shape: Floats
    by_texture: Floats
    conflict: npt.NDArray[np.bool_]


# What a metric makes of the decisions.
Score = Callable[[Cell, Decisions], Sampled]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe with all names merged into the categories."""
    return _recipe(cell, shelf, own_names=False)


def find_recipes_of_names(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe with the categories' own names."""
    return _recipe(cell, shelf, own_names=True)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, score: Score) -> Sampled:
    """Return what ``score`` makes of the decisions."""
    (recipe,) = recipes
    found = read_slice(recipe, memo, cell.quantity.where)
    # The place after the last is for "none of them", which a human observer may answer (-1).
    names = np.array([*recipe.dataset.class_names, ""])
    decided = names[found.summary.predicted(cell.quantity.metric)]
    texture = recipe.dataset.groups["texture"][found.rows]
    conflict = names[found.labels] != texture
    by_shape = (conflict & (decided == names[found.labels])).astype(np.float64)
    by_texture = (conflict & (decided == texture)).astype(np.float64)
    return score(cell, Decisions(found.ids, found.labels, by_shape, by_texture, conflict))


def shape_bias(cell: Cell, decisions: Decisions) -> Sampled:
    """Return the decisions by shape over those by shape or texture, over the images on which the two conflict.

    Formula: sum_i [by shape] / sum_i ([by shape] + [by texture]). Range: [0, 1]; 1 is by shape alone.
    Raises DataError where no image is decided by either. Source: Geirhos et al. 2019.
    """
    by_either = decisions.by_shape + decisions.by_texture
    if not by_either.any():
        raise DataError("no image was decided by its shape or its texture", where=cell.quantity.label)
    kept = np.flatnonzero(decisions.conflict)
    chosen = Samples(
        decisions.ids[kept], decisions.by_shape[kept], decisions.labels[kept], RATIO.name, counted=by_either[kept]
    )
    shape, texture = int(decisions.by_shape.sum()), int(decisions.by_texture.sum())
    counts = f"{shape} by shape, {texture} by texture of {len(kept)}"
    return Sampled(chosen, (("decisions", counts),))


def shape_accuracy(cell: Cell, decisions: Decisions) -> Sampled:
    """Return whether each image is decided by its shape; those without a conflict are not."""
    return Sampled(Samples(decisions.ids, decisions.by_shape, decisions.labels))


def texture_accuracy(cell: Cell, decisions: Decisions) -> Sampled:
    """Return whether each image is decided by its texture; those without a conflict are not."""
    return Sampled(Samples(decisions.ids, decisions.by_texture, decisions.labels))


def _recipe(cell: Cell, shelf: Shelf, *, own_names: bool) -> tuple[Recipe, ...]:
    dataset = shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(dataset, metric_of(cell))
    is_adapted = cell.model.encoder != cell.model
    supervised = "scores classes" in capabilities(cell.model)
    if own_names and (supervised or is_adapted):
        does = "scores the classes that it learnt" if is_adapted else "reads no texts"
        raise DataError(
            f"{cell.quantity.metric} asks for the categories by name, and {cell.model.id} {does}",
            where=dataset.name,
            fix="use shape_bias",
        )
    if is_adapted:
        return (shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity),)
    classes = shelf.classes(dataset, cell.quantity.prompts, supervised, own_names=own_names)
    return (shelf.recipe_with(cell.model, dataset, cell.quantity, classes),)
