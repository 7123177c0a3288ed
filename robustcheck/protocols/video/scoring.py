"""Video frames: anchors that are right, alone or with every frame around them (PROTOCOLS section 9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import PmSets, pm_sets
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.protocols.scoring import require_task
from robustcheck.protocols.video.anchor_frames import pm0_hits, pm_k_hits
from robustcheck.values import Cell, Samples

ALL = "all"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of all frames."""
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(found.dataset, metric_of(cell))
    if cell.quantity.where:
        raise DataError("pm0 and pm_k are over all anchors", where=cell.quantity.label, fix="leave `where` out")
    return (found,)


def sample_anchors(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each anchor whether it is right."""
    (recipe,) = recipes
    sets = pm_sets(recipe.dataset, None)
    return _of_anchors(recipe, sets, pm0_hits(_predicted(cell, recipe, memo), sets.anchors, sets.accepted))


def sample_surroundings(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each anchor whether it is right together with the frames around it."""
    (recipe,) = recipes
    near = option_of(cell, "k")
    sets = pm_sets(recipe.dataset, None if near == ALL else int(near))
    hits = pm_k_hits(
        _predicted(cell, recipe, memo), sets.anchors, sets.accepted, sets.frames, sets.owners, sets.frame_accepted
    )
    return _of_anchors(recipe, sets, hits)


def _predicted(cell: Cell, recipe: Recipe, memo: Memo) -> Ints:
    return read_slice(recipe, memo).summary.predicted(cell.quantity.metric)


def _of_anchors(recipe: Recipe, sets: PmSets, hits: Floats) -> Sampled:
    """Return one hit an anchor; the anchors of one video are sampled together."""
    scored = Samples(recipe.dataset.ids[sets.anchors], hits, recipe.dataset.labels[sets.anchors], clusters=sets.videos)
    return Sampled(scored, (("frames", f"{len(sets.frames):,} around {len(sets.anchors):,} anchors"),))
