"""Text heads: the class embeddings of a zero-shot model, stored with its logit scale and bias."""

from __future__ import annotations

from robustcheck.measure.shelf import Recipe
from robustcheck.models.encoders import ZeroShotModel
from robustcheck.protocols.classify import TextHead, text_weights
from robustcheck.store import content_key


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
    """Encode the prompts of a recipe and store the head."""
    facts = recipe.head_facts
    assert facts is not None
    weights = text_weights(model.encode_texts, recipe.dataset.class_names, recipe.templates)
    scale = {"logit_scale": float(model.logit_scale), "logit_bias": float(model.logit_bias)}
    recipe.store.write("heads", content_key(facts), weights, {**facts, **scale})
