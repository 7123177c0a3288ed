"""Out-of-distribution detection: how well a score separates an unseen set from the one that is known.

Both sets are held against the classes of the in-distribution one (PROTOCOLS section 5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.datasets.selection import CLASSES
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import summary_of_all
from robustcheck.models.kind import capabilities
from robustcheck.protocols.detect.detection_scores import detection_scores
from robustcheck.protocols.scoring import require_task
from robustcheck.stats.separation import IN_DISTRIBUTION
from robustcheck.values import Cell, Pairs, Samples

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The samples of one of the two sets, with their detection scores; ids, scores, labels: (n,)."""

    ids: npt.NDArray[np.str_]
    scores: npt.NDArray[np.float64]
    labels: Ints


# How a metric puts the known and the unseen set together.
Orient = Callable[[Cell, Side, Side], Samples]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipes of the unseen set and of the known one, both with the known classes."""
    unseen = shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    named = option_of(cell, "id_dataset")
    # A directory says nothing of what it is for: with a known set named, any images can be the unseen ones.
    require_task(unseen, metric_of(cell), also=("classification",) if named else ())
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
    outside = shelf.recipe_with(cell.model, unseen, cell.quantity, known.classes, labelled=False, learnt=known.learnt)
    return outside, replace(known, labelled=False)


def samples(
    cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, orient: Orient, of_classes: bool = False
) -> Sampled:
    """Return the detection score of every sample of both sets, as ``orient`` puts them together."""
    outside, known = recipes
    if of_classes:
        _require_told_classes(cell, outside)
    masks, others = _split(cell.quantity.where)
    kept = kept_classes(known.dataset, masks)
    first = _side(cell, known, memo, select(known.dataset, masks), kept)
    second = _side(cell, outside, memo, select(outside.dataset, others), kept)
    facts = (("score", _score_name(cell)), ("in distribution", f"{known.dataset.name}, {len(first.ids):,} images"))
    return Sampled(orient(cell, first, second), facts)


def known_positive(cell: Cell, known: Side, unseen: Side) -> Samples:
    """Make the known set the positives: what is accepted of the others is an error."""
    groups = np.concatenate([np.full(len(known.ids), IN_DISTRIBUTION), unseen.labels])
    ids, scores = np.concatenate([known.ids, unseen.ids]), np.concatenate([known.scores, unseen.scores])
    return Samples(ids, scores, groups, metric_of(cell).statistic.name)


def unseen_positive(cell: Cell, known: Side, unseen: Side) -> Samples:
    """Make the unseen set the positives, as OpenOOD does: what is flagged of the known images is an error."""
    # The positives' scores must be the higher ones, so both are turned round.
    groups = np.repeat([0, IN_DISTRIBUTION], [len(known.ids), len(unseen.ids)])
    ids, scores = np.concatenate([known.ids, unseen.ids]), np.concatenate([known.scores, unseen.scores])
    return Samples(ids, -scores, groups, metric_of(cell).statistic.name)


def _require_told_classes(cell: Cell, outside: Recipe) -> None:
    """Refuse a mean over classes where saved predictions alone describe the unseen set: they name none of its own."""
    if outside.saved is not None and not outside.dataset.labels.any():
        raise DataError(
            f"{cell.quantity.metric} is over the classes of {outside.dataset.name}, which its predictions do not tell",
            fix="give the data set with --robust-data, or use a metric of all its images together",
        )


def _side(cell: Cell, recipe: Recipe, memo: Memo, rows: Ints, kept: Ints | None) -> Side:
    summary = summary_of_all(recipe, memo, kept)
    scores = detection_scores(_score_name(cell), summary.rows(rows).columns)
    ids = np.char.add(f"{recipe.dataset.name}/", recipe.dataset.ids[rows])
    return Side(ids, scores, recipe.dataset.labels[rows])


def _split(where: Pairs) -> tuple[Pairs, Pairs]:
    """Return the conditions on the known set (a class mask), and those on the unseen one."""
    return tuple(pair for pair in where if pair[0] == CLASSES), tuple(pair for pair in where if pair[0] != CLASSES)


def _score_name(cell: Cell) -> str:
    """Return the score that a check names; else MCM, or MSP for a model without texts."""
    named = option_of(cell, "score")
    if named != "auto":
        return named
    has_cosines = "embeds text" in capabilities(cell.model) and cell.model.encoder == cell.model
    return "mcm" if has_cosines else "msp"
