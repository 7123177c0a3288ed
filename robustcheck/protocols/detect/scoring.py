"""Out-of-distribution detection: how well a score separates an unseen set from the one that is known.

Both sets are held against the classes of the in-distribution one (PROTOCOLS section 5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.datasets.selection import CLASSES
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import summary_of_all
from robustcheck.models.kind import capabilities
from robustcheck.protocols.detect.scores import detection_scores
from robustcheck.protocols.scoring import Measured, Scoring, facts_of, option, require_task
from robustcheck.values import Cell, Pairs, Samples

Ints = npt.NDArray[np.int64]

POSITIVE = -1


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipes of the unseen set and of the known one, both with the known classes."""
    unseen = shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    named = option(cell, "id_dataset")
    # A directory says nothing of what it is for: with a known set named, any images can be the unseen ones.
    require_task(unseen, facts_of(cell), also=("classification",) if named else ())
    name = named or unseen.id_dataset
    if not name:
        raise DataError(
            "no in-distribution set is known for it",
            where=unseen.name,
            fix="name one: options: {id_dataset: imagenet-val}",
        )
    known = shelf.recipe(cell.model, name, cell.quantity)
    if known.dataset.task != "classification":
        raise DataError(
            f"an in-distribution set cannot be for {known.dataset.task}",
            where=known.dataset.name,
            expected="a data set for classification",
        )
    outside = shelf.recipe_with(cell.model, unseen, cell.quantity, known.classes, labelled=False)
    return outside, replace(known, labelled=False)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return the detection score of every sample of both sets; the known one is group -1."""
    outside, known = recipes
    _require_told_classes(cell, outside)
    masks, others = _split(cell.quantity.where)
    kept = kept_classes(known.dataset, masks)
    first = _side(cell, known, memo, select(known.dataset, masks), kept)
    second = _side(cell, outside, memo, select(outside.dataset, others), kept)
    facts = (("score", _score_name(cell)), ("in distribution", f"{known.dataset.name}, {len(first.ids):,} images"))
    return Measured(_oriented(cell, first, second), facts)


def _require_told_classes(cell: Cell, outside: Recipe) -> None:
    """Refuse a mean over classes where saved predictions alone describe the unseen set: they name none of its own."""
    if facts_of(cell).statistic.startswith("group_") and outside.saved is not None and not outside.dataset.labels.any():
        raise DataError(
            f"{cell.quantity.metric} is over the classes of {outside.dataset.name}, which its predictions do not tell",
            fix="give the data set with --robust-data, or use a metric of all its images together",
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    ids: npt.NDArray[np.str_]
    scores: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]


def _side(cell: Cell, recipe: Recipe, memo: Memo, rows: Ints, kept: Ints | None) -> _Side:
    summary = summary_of_all(recipe, memo, kept)
    scores = detection_scores(_score_name(cell), summary.rows(rows).columns)
    ids = np.char.add(f"{recipe.dataset.name}/", recipe.dataset.ids[rows])
    return _Side(ids, scores, recipe.dataset.labels[rows])


def _oriented(cell: Cell, known: _Side, unseen: _Side) -> Samples:
    """Return the samples with the positives in group -1: the known set, or the unseen one as OpenOOD has it."""
    ids, scores = np.concatenate([known.ids, unseen.ids]), np.concatenate([known.scores, unseen.scores])
    if cell.quantity.metric == "fpr95_openood":
        groups = np.repeat([0, POSITIVE], [len(known.ids), len(unseen.ids)])
        return Samples(ids, -scores, groups, "fpr95")
    groups = np.concatenate([np.full(len(known.ids), POSITIVE), unseen.labels])
    return Samples(ids, scores, groups, facts_of(cell).statistic)


def _split(where: Pairs) -> tuple[Pairs, Pairs]:
    """Return the conditions on the known set (a class mask), and those on the unseen one."""
    return tuple(pair for pair in where if pair[0] == CLASSES), tuple(pair for pair in where if pair[0] != CLASSES)


def _score_name(cell: Cell) -> str:
    """Return the score that a check names; else MCM, or MSP for a model without texts."""
    named = option(cell, "score")
    if named != "auto":
        return named
    return "mcm" if "embeds text" in capabilities(cell.model) else "msp"


SCORING = Scoring(find_recipes, samples)
