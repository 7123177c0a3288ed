"""Readouts: logits and cosines of the samples of a recipe, from what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Vocabulary
from robustcheck.measure.memo import Memo, StoredRows
from robustcheck.measure.pairing import pairing_part
from robustcheck.measure.recipe import ClassList, Recipe
from robustcheck.outputs.logits import (
    TextHead,
    cosines,
    merge_max,
    merge_mean_probability,
    supervised_logits,
    zero_shot_logits,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """What a model says of the samples of a data set, read from the store as it is asked for.

    ``stored`` holds embeddings where there is a head, else a classifier's outputs; ``images`` says which of its
    rows each sample is, ``paired`` which of a classifier's outputs is each name.
    """

    stored: StoredRows
    images: Ints
    classes: ClassList
    head: TextHead | None
    paired: Ints | None = None

    def logits(self, rows: Ints) -> Floats:
        """Return the logits of the classes (len(rows), K), names merged where several stand for one."""
        return self.logits_and_cosines(rows)[0]

    def logits_and_cosines(self, rows: Ints) -> tuple[Floats, Floats | None]:
        """Return the logits, and the cosines with the names (len(rows), C) or None for a classifier."""
        if self.head is not None:
            cosine = cosines(self._features(rows), self.head)
            return merged(zero_shot_logits(cosine, self.head), self.classes.vocabulary), cosine
        assert self.paired is not None, "without a head, outputs are class scores"
        logits = supervised_logits(self._features(rows), self.paired)
        return merged(logits, self.classes.vocabulary), None

    def _features(self, rows: Ints) -> npt.NDArray[np.float32]:
        return self.stored.take(self.images[rows])


def read_out(recipe: Recipe, memo: Memo) -> Readout:
    """Return the readout of a recipe."""
    assert recipe.classes is not None, "this recipe has features only"
    stored = memo.rows(recipe.outputs)
    if recipe.head is not None:
        return Readout(stored, recipe.rows, recipe.classes, memo.head(recipe.head))
    return Readout(stored, recipe.rows, recipe.classes, None, memo.get(pairing_part(recipe)).array)


def features_of(recipe: Recipe, memo: Memo) -> npt.NDArray[np.float32]:
    """Return the outputs (n, d) of all samples of a recipe."""
    return memo.rows(recipe.outputs).take(recipe.rows)


def merged(logits: Floats, vocabulary: Vocabulary | None) -> Floats:
    """Return the logits of classes from those of the names that stand for them."""
    if vocabulary is None:
        return logits
    merge = merge_max if vocabulary.merge == "max" else merge_mean_probability
    return merge(logits, vocabulary.members)


def blocks(rows: Ints) -> Iterator[Ints]:
    """Yield rows in blocks whose logits fit in memory."""
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]
