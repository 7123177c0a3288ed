"""Which cells a run that decides early may score on part of their images."""

from __future__ import annotations

from robustcheck.measure.measuring import Bench
from robustcheck.measure.metric import metric_of
from robustcheck.measure.reading import POOLED
from robustcheck.measure.recipe import Recipe
from robustcheck.values import Cell


def why_all_images(cell: Cell, bench: Bench) -> str:
    """Say why a cell is always scored on all its images; an empty text where a part of them will do.

    Raises the error that keeps a cell from being measured at all.
    """
    metric = metric_of(cell)
    if not metric.by_image:
        return f"{metric.name} is not a mean over single images"
    if cell.model.kind == "predictions":
        return "saved predictions are all there"
    return _why_together(bench.recipes_once_here(cell))


def _why_together(recipes: tuple[Recipe, ...]) -> str:
    if len(recipes) > 1:
        return f"it is a mean over {len(recipes):,} subsets"
    [recipe] = recipes
    if recipe.learnt is not None or recipe.reading is not POOLED or recipe.chosen:
        return "its model has to learn first, or its images are chosen already"
    return ""
