"""See that models can give what recipes read, before an image is decoded for them."""

from __future__ import annotations

from robustcheck.measure.loaded_models import LoadedModels
from robustcheck.measure.memo import Memo
from robustcheck.measure.pairing import keep_pairing, pairing_of
from robustcheck.measure.reading import POOLED
from robustcheck.measure.recipe import Recipe, require_capability
from robustcheck.models.encoders import SupervisedModel


def make_ready(recipe: Recipe, memo: Memo, models: LoadedModels) -> None:
    """See that the model can give what is read, make the head, and pair the outputs of a classifier."""
    require_capability(recipe)
    for other in () if recipe.given is None else recipe.given.recipes:
        make_ready(other, memo, models)
    for learnt in recipe.adapters:
        # What an adapter makes needs outputs that are still to be read; the classes are its own.
        require_capability(learnt.basis)
        if learnt.basis.head is not None:
            memo.get(learnt.basis.head)
    if recipe.learnt is not None:
        return
    if recipe.head is not None and recipe.saved is None:
        memo.get(recipe.head)
    else:
        pair_missing(recipe, memo, models)


def pair_missing(recipe: Recipe, memo: Memo, models: LoadedModels) -> None:
    """See that the outputs of a classifier that are missing can be paired with the classes.

    Where a reading's rows do not show how many there are, the pairing is kept for whoever scores them.
    """
    is_saved_or_has_head = recipe.saved is not None or recipe.learnt is not None or recipe.head is not None
    if is_saved_or_has_head or recipe.classes is None or not memo.missing(recipe.outputs):
        return
    model = models.get(recipe.ref)
    if isinstance(model, SupervisedModel):
        if recipe.reading is POOLED:
            pairing_of(recipe, model.class_count)
        else:
            keep_pairing(recipe, model.class_count, memo)
