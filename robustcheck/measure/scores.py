"""Scores as arithmetic on what is stored: no torch, no images, no model."""

from __future__ import annotations

from robustcheck.errors import DataError
from robustcheck.measure.keys import provenance_libraries
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of
from robustcheck.measure.recipe import Recipe
from robustcheck.registry import foreign_maker
from robustcheck.stats.intervals import score_interval
from robustcheck.stats.statistics import value_of
from robustcheck.store import content_key
from robustcheck.values import DEFECTS, Cell, Pairs, Score


def score_cell(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Score:
    """Return the score of a cell from its parts; raise NotStored while one has to be measured."""
    metric = metric_of(cell)
    sampled = metric.samples(cell, recipes, memo)
    n = len(sampled.samples.scores)
    if n < metric.n_min:
        raise DataError(f"{n} samples", where=cell.quantity.label, expected=f"at least {metric.n_min}")
    return _score(cell, sampled, recipes)


def _score(cell: Cell, sampled: Sampled, recipes: tuple[Recipe, ...]) -> Score:
    low, high = score_interval(sampled.samples, 0.95)
    if metric_of(cell).bounded:
        low, high = max(low, 0.0), min(high, 1.0)
    return Score(
        cell=cell,
        value=value_of(sampled.samples),
        low=low,
        high=high,
        n=len(sampled.samples.scores),
        evidence="live",
        source=_source(recipes),
        key=_key(cell, recipes),
        provenance=(*_provenance(cell, recipes[0]), *sampled.facts, *_defects(recipes)),
        samples=sampled.samples,
    )


def _key(cell: Cell, recipes: tuple[Recipe, ...]) -> str:
    """Return the sha256 of what decides a score: the parts, and what is done with them."""
    quantity = cell.quantity
    facts = {
        "parts": [recipe.key for recipe in recipes],
        "metric": quantity.metric,
        "options": metric_of(cell).keyed_options(quantity.options),
        "where": dict(quantity.where),
    }
    maker = foreign_maker("metrics", quantity.metric)
    return content_key({**facts, "made by": maker} if maker else facts)


def _source(recipes: tuple[Recipe, ...]) -> str:
    if recipes[0].saved is not None:
        return f"predictions saved in {recipes[0].saved.path.name}"
    return "measured on this machine or taken from its store"


def _provenance(cell: Cell, recipe: Recipe) -> Pairs:
    encoder, transform = recipe.encoder, recipe.transform
    pairs = [("weights", encoder.weights), ("dataset", recipe.dataset.fingerprint)]
    # Equal sample ids of two data sets are equal images only where both show the same ones.
    pairs += [("images", recipe.images.fingerprint), ("precision", encoder.precision)]
    if recipe.classes is not None and recipe.classes.texts:
        prompts = cell.quantity.prompts or "the data set's default"
        pairs.append(("prompts", f"{prompts} ({len(recipe.classes.texts[0])} for the first class)"))
    if transform is not None:
        pairs.append(("transform", f"{cell.quantity.transform}, in memory, seed {recipe.seed}"))
    return (*pairs, *encoder.libraries, *provenance_libraries())


def _defects(recipes: tuple[Recipe, ...]) -> Pairs:
    found = [f"{recipe.dataset.name}: {defect}" for recipe in recipes for defect in recipe.dataset.defects]
    return ((DEFECTS, "; ".join(dict.fromkeys(found))),) if found else ()
