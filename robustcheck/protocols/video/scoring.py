"""Video frames: anchors that are right, alone or with every frame around them (PROTOCOLS section 9)."""

from __future__ import annotations

import numpy as np

from robustcheck.datasets import pm_sets
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.scoring import Measured, Scoring, facts_of, option, require_task
from robustcheck.protocols.video.anchors import pm0_hits, pm_k_hits
from robustcheck.values import Cell, Samples

ALL = "all"


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of all frames."""
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(found.dataset, facts_of(cell))
    if cell.quantity.where:
        raise DataError("pm0 and pm_k are over all anchors", where=cell.quantity.label, fix="leave `where` out")
    return (found,)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return one hit an anchor; the anchors of one video are sampled together."""
    (recipe,) = recipes
    found = read_slice(recipe, memo)
    predicted = found.summary.column("predicted", cell.quantity.metric).astype(np.int64)
    near = "" if cell.quantity.metric == "pm0" else option(cell, "k")
    sets = pm_sets(recipe.dataset, None if near in ("", ALL) else int(near))
    if cell.quantity.metric == "pm0":
        hits = pm0_hits(predicted, sets.anchors, sets.accepted)
    else:
        hits = pm_k_hits(predicted, sets.anchors, sets.accepted, sets.frames, sets.owners, sets.frame_accepted)
    scored = Samples(recipe.dataset.ids[sets.anchors], hits, recipe.dataset.labels[sets.anchors], clusters=sets.videos)
    return Measured(scored, (("frames", f"{len(sets.frames):,} around {len(sets.anchors):,} anchors"),))


SCORING = Scoring(find_recipes, samples)
