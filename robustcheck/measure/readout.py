"""Readouts: logits and cosines of the samples of a recipe, from what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Vocabulary
from robustcheck.measure.recipe import ClassList, Recipe
from robustcheck.models.encoders import ZeroShotModel
from robustcheck.outputs.logits import (
    TextHead,
    cosines,
    merge_max,
    merge_mean_probability,
    supervised_logits,
    text_weights,
    zero_shot_logits,
)
from robustcheck.store import content_key

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """What a model says of the samples of a data set.

    ``features`` (n, d) holds embeddings where there is a head, else a classifier's outputs.
    """

    features: npt.NDArray[np.float32]
    classes: ClassList
    head: TextHead | None

    def cosines(self, rows: Ints) -> Floats | None:
        """Return the cosines with the names (len(rows), C), or None for a classifier."""
        return None if self.head is None else cosines(self.features[rows], self.head)

    def logits(self, rows: Ints) -> Floats:
        """Return the logits of the classes (len(rows), K), names merged where several stand for one."""
        cosine = self.cosines(rows)
        if cosine is not None and self.head is not None:
            return merged(zero_shot_logits(cosine, self.head), self.classes.vocabulary)
        logits = supervised_logits(self.features[rows], self.classes.columns, len(self.classes.names))
        return merged(logits, self.classes.vocabulary)


def read_out(recipe: Recipe) -> Readout | None:
    """Return the readout of a recipe, or None while a part of it is not stored."""
    assert recipe.classes is not None, "this recipe has features only"
    head = stored_head(recipe)
    if recipe.head_facts is not None and head is None:
        return None
    features = features_of(recipe)
    return None if features is None else Readout(features, recipe.classes, head)


def features_of(recipe: Recipe) -> npt.NDArray[np.float32] | None:
    """Return the stored outputs (n, d) of the samples of a recipe, or None while they are not complete."""
    outputs = recipe.outputs.read()
    return None if outputs is None else outputs[recipe.rows]


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


def stored_head(recipe: Recipe) -> TextHead | None:
    """Return the text head of a recipe from the store, or None when it is not there."""
    facts = recipe.head_facts
    stored = None if facts is None else recipe.store.read("heads", content_key(facts))
    if stored is None:
        return None
    return TextHead(stored.array, float(stored.facts["logit_scale"]), float(stored.facts["logit_bias"]))


def needs_head(recipe: Recipe) -> bool:
    """Say whether a recipe's text head has still to be made."""
    return recipe.head_facts is not None and stored_head(recipe) is None


def make_head(recipe: Recipe, model: ZeroShotModel) -> None:
    """Encode the texts of a recipe and store the head."""
    facts, classes = recipe.head_facts, recipe.classes
    assert facts is not None
    assert classes is not None
    weights = text_weights(model.encode_texts, classes.texts)
    scale = {"logit_scale": float(model.logit_scale), "logit_bias": float(model.logit_bias)}
    recipe.store.write("heads", content_key(facts), weights, {**facts, **scale})
