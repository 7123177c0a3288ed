"""Two metrics: one is arithmetic on what is stored of every model, one asks for a reading of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Metric, Sampled, option_of
from robustcheck.measure.option import NumberOption
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import read_slice
from robustcheck.stats.means import MEAN
from robustcheck.values import Cell, Samples
from robustcheck_extra.readings import BOTH_SIDES


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return what a cell reads: the model's own output on the data set."""
    return (shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity),)


def find_both_sides(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return what a cell reads: the mean output over an image and its mirror image."""
    return tuple(replace(recipe, reading=BOTH_SIDES) for recipe in find_recipes(cell, shelf))


def confident_errors(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return 1.0 for each image that is wrong with at least the confidence asked for, else 0.0."""
    found = read_slice(recipes[0], memo, cell.quantity.where)
    sure = found.summary.confidence >= float(option_of(cell, "confidence"))
    scores = np.asarray(sure & (found.summary.correct == 0), dtype=np.float64)
    return Sampled(Samples(found.ids, scores, found.labels, MEAN.name))


def hits(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return 1.0 for each image whose best class is the right one, else 0.0."""
    found = read_slice(recipes[0], memo, cell.quantity.where)
    return Sampled(Samples(found.ids, found.summary.correct, found.labels, MEAN.name))


METRICS = (
    Metric(
        name="confident_error_rate",
        description="Share of images that are classified wrongly with high confidence.",
        unit="%",
        higher_is_better=False,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_recipes,
        samples=confident_errors,
        options=(
            NumberOption(
                name="confidence",
                default="0.9",
                description="The confidence from which an error counts.",
                low=0,
                high=1,
                always_keyed=True,
            ),
        ),
    ),
    Metric(
        name="top1_both_sides",
        noun="top-1 of an image and its mirror image",
        description="Share of images whose best class is right when the output is averaged with the mirror image's.",
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_both_sides,
        samples=hits,
    ),
)
