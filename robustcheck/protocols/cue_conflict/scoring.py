"""Shape bias on cue-conflict images: does the shape or the texture decide? (PROTOCOLS section 4)"""

from __future__ import annotations

import numpy as np

from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.models.kind import capabilities
from robustcheck.protocols.scoring import Measured, Scoring, facts_of, require_task
from robustcheck.values import Cell, Samples

OWN_NAMES = "shape_bias_16way"


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe with all names merged into the categories, or with the categories' own names."""
    dataset = shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(dataset, facts_of(cell))
    own_names, supervised = cell.quantity.metric == OWN_NAMES, "scores classes" in capabilities(cell.model)
    if own_names and supervised:
        raise DataError(
            f"{OWN_NAMES} asks for the categories by name, and {cell.model.id} reads no texts",
            where=dataset.name,
            fix="use shape_bias",
        )
    classes = shelf.classes(dataset, cell.quantity.prompts, supervised, own_names=own_names)
    return (shelf.recipe_with(cell.model, dataset, cell.quantity, classes),)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return shape decisions over shape or texture decisions, or the share of one of the two."""
    (recipe,) = recipes
    found = read_slice(recipe, memo, cell.quantity.where)
    # The place after the last is for "none of them", which a human observer may answer (-1).
    names = np.array([*recipe.dataset.class_names, ""])
    decided = names[found.summary.column("predicted", cell.quantity.metric).astype(np.int64)]
    texture = recipe.dataset.groups["texture"][found.rows]
    conflict = names[found.labels] != texture
    by_shape = (conflict & (decided == names[found.labels])).astype(np.float64)
    by_texture = (conflict & (decided == texture)).astype(np.float64)
    if cell.quantity.metric in ("cue_shape_accuracy", "cue_texture_accuracy"):
        chosen = by_shape if cell.quantity.metric == "cue_shape_accuracy" else by_texture
        return Measured(Samples(found.ids, chosen, found.labels))
    counts = f"{int(by_shape.sum())} by shape, {int(by_texture.sum())} by texture of {int(conflict.sum())}"
    if not (by_shape + by_texture).any():
        raise DataError("no image was decided by its shape or its texture", where=cell.quantity.label)
    kept = np.flatnonzero(conflict)
    counted = (by_shape + by_texture)[kept]
    chosen = Samples(found.ids[kept], by_shape[kept], found.labels[kept], "ratio", counted=counted)
    return Measured(chosen, (("decisions", counts),))


SCORING = Scoring(find_recipes, samples)
