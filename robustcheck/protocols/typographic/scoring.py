"""Typographic attacks: what words written on images do to their classification (PROTOCOLS section 11)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_paired, read_slice
from robustcheck.protocols.scoring import require_task
from robustcheck.protocols.typographic.outcomes import accuracy_drop, attack_success
from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.transforms import typed_label
from robustcheck.values import Cell, Samples

Ints = npt.NDArray[np.int64]

TYPED = "typed"
ATTACK = "typographic"


def find_attacked(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of images on which something is written."""
    attacked = _recipe(cell, shelf)
    _require_words(cell, attacked)
    return (attacked,)


def find_attacked_and_clean(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the transformed images, and that of the same images untouched."""
    attacked = _recipe(cell, shelf)
    if attacked.transform is None:
        raise DataError(
            f"{cell.quantity.metric} compares transformed images with the same ones untouched",
            where=cell.quantity.label,
            fix="name a transform, such as typographic:one-word",
        )
    clean = replace(cell.quantity, transform=None, seed=0)
    return attacked, shelf.recipe(cell.model, cell.quantity.dataset, clean)


def sample_success(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image whether the typed word won."""
    (recipe,) = recipes
    attacked = read_slice(recipe, memo, cell.quantity.where)
    scores = attack_success(attacked.summary.predicted(cell.quantity.metric), _typed(cell, recipe, attacked))
    return Sampled(Samples(attacked.ids, scores, attacked.labels))


def sample_drop(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image what the transform cost."""
    attacked, clean = read_paired(recipes, memo, cell.quantity.where)
    scores = accuracy_drop(clean.summary.correct, attacked.summary.correct)
    # A weighted sum and not a mean: a mean of scores that happen to be 0 and 1 would pass for a share.
    weights = np.full(len(scores), 1 / len(scores))
    return Sampled(Samples(attacked.ids, scores, np.zeros(len(scores), np.int64), WEIGHTED_SUM.name, weights=weights))


def _recipe(cell: Cell, shelf: Shelf) -> Recipe:
    found = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(found.dataset, metric_of(cell))
    return found


def _require_words(cell: Cell, part: Recipe) -> None:
    if not _is_attack(part) and TYPED not in part.dataset.groups:
        raise DataError(
            "nothing is written on these images",
            where=cell.quantity.label,
            expected=f"a data set with typed words, or a transform such as {ATTACK}:one-word",
        )


def _typed(cell: Cell, part: Recipe, found: Slice) -> Ints:
    """Return the class that is written on each image: drawn with its transform, or told by the data set."""
    place = {name: index for index, name in enumerate(part.dataset.class_names)}
    words = _drawn(part, found) if _is_attack(part) else part.dataset.groups[TYPED][found.rows].tolist()
    return np.array([place.get(word, -1) for word in words], dtype=np.int64)


def _drawn(part: Recipe, found: Slice) -> list[str]:
    """Return the words that the transform wrote; it drew them for the images as they are encoded."""
    images, rows = part.images, part.rows[found.rows]
    assert part.transform is not None
    style = part.transform.variant
    return [
        images.class_names[
            typed_label(part.seed, str(images.ids[row]), int(images.labels[row]), images.class_names, style)
        ]
        for row in rows
    ]


def _is_attack(part: Recipe) -> bool:
    return part.transform is not None and part.transform.name == ATTACK
