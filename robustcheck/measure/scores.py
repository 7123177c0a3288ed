"""Scores as arithmetic on what is stored: no torch, no images, no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from robustcheck.errors import DataError
from robustcheck.measure.averages import make_samples
from robustcheck.measure.keys import provenance_libraries
from robustcheck.measure.learnt import learnt_facts
from robustcheck.measure.loaded_models import LOADED
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of
from robustcheck.measure.pairing import kept_remark, pairing_part
from robustcheck.measure.parts import Derived
from robustcheck.measure.reading import POOLED
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import paired_by_number
from robustcheck.models.digests import installed_version
from robustcheck.registry import foreign_maker
from robustcheck.stats.statistics import value_of
from robustcheck.stats.sureness import find_sureness, seed_of, value_intervals
from robustcheck.store import Stored, content_key
from robustcheck.values import DECODE, DEFECTS, PAIRING_REMARK, Cell, Ends, Pairs, Samples, Score, Sureness
from robustcheck.values.stages import ORDER

# Raise when the same samples come to give another value, interval or difference, or other facts are kept with them.
SCORING = 2

_EMPTY = np.empty(0)


def score_cell(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Score:
    """Return the score of a cell: stored, or made from its parts; raise NotStored while one has to be measured.

    A score that was just made still has its samples.
    """
    made: list[Samples] = []

    def make(memo: Memo) -> Stored:
        sampled = _sampled(cell, recipes, memo)
        made.append(sampled.samples)
        return Stored(_EMPTY, _scored(cell, sampled, key))

    key = score_key(cell, recipes)
    facts = memo.get(Derived("scores", stored_key(key), (), make, is_quick=True)).facts
    ends = facts["ends"]
    return Score(
        cell=cell,
        value=facts["value"],
        low=facts["low"],
        high=facts["high"],
        n=facts["n"],
        evidence="live",
        source=_source(recipes),
        key=key,
        provenance=(
            *_provenance(cell, recipes[0]),
            *map(tuple, facts["facts"]),
            *_defects(recipes),
        ),
        samples=made[0] if made else None,
        sureness=Sureness(facts["trials"], facts["error"], ends and Ends(*map(tuple, ends))),
    )


def samples_of_cell(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Samples:
    """Return the per-sample scores of a cell; raise NotStored while a part has to be measured."""
    return _sampled(cell, recipes, memo).samples


def _sampled(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    metric = metric_of(cell)
    sampled = make_samples(cell, recipes, memo)
    n = len(sampled.samples.scores)
    if n < metric.n_min:
        raise DataError(f"{n} samples", where=cell.quantity.label, expected=f"at least {metric.n_min}")
    first = recipes[0]
    of_model = (*_made_with(first, memo), *_loaded_as(first, memo), *learnt_facts(first, memo))
    told = (*of_model, *_pairing_told(recipes, memo))
    return replace(sampled, facts=(*told, *sampled.facts))


def _scored(cell: Cell, sampled: Sampled, key: str) -> Mapping[str, Any]:
    """Return all that judging needs of a score: the samples are not read again."""
    value, sureness = value_of(sampled.samples), find_sureness(sampled.samples, seed=seed_of(key))
    low, high = value_intervals(value, sureness)(0.95)
    if metric_of(cell).bounded:
        low, high = max(low, 0.0), min(high, 1.0)
    ends = sureness.ends
    return {
        "value": value,
        "low": low,
        "high": high,
        "n": len(sampled.samples.scores),
        "facts": sampled.facts,
        "trials": sureness.trials,
        "error": sureness.error,
        "ends": None if ends is None else [ends.lows, ends.highs],
    }


def stored_key(key: str) -> str:
    """Return the key of a stored score: what is made of its parts depends on the code that does it."""
    return content_key({"score": key, "scoring": SCORING, "version": installed_version("robustcheck")})


def score_key(cell: Cell, recipes: tuple[Recipe, ...]) -> str:
    """Return the sha256 of what decides a score: the parts, and what is done with them; of a stage that of all images.

    A stage's own key ends in its number.
    """
    if cell.stage is not None:
        whole = tuple(replace(recipe, stage=None) for recipe in recipes)
        return f"{score_key(replace(cell, stage=None), whole)}-{ORDER}.{cell.stage}"
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
    if recipe.decode != "exact":
        pairs.append((DECODE, recipe.decode))
    if recipe.classes is not None and recipe.classes.texts:
        prompts = cell.quantity.prompts or "the data set's default"
        pairs.append(("prompts", f"{prompts} ({len(recipe.classes.texts[0])} for the first class)"))
    if transform is not None:
        pairs.append(("transform", f"{cell.quantity.transform}, in memory, seed {recipe.seed}"))
    return (*pairs, *encoder.libraries)


def _made_with(recipe: Recipe, memo: Memo) -> Pairs:
    """Return the versions that the outputs were made with, which may be others than those of now."""
    made = {} if recipe.saved is not None else memo.making(recipe.outputs)
    return tuple((name, str(made.get(name, now))) for name, now in provenance_libraries())


def _loaded_as(recipe: Recipe, memo: Memo) -> Pairs:
    """Return what loading the model left to say: which of several copies of the weights counts, what was resized."""
    found = memo.store.read(LOADED, content_key(recipe.encoder.plain))
    return () if found is None else (("loaded", str(found.facts["remark"])),)


def _pairing_told(recipes: tuple[Recipe, ...], memo: Memo) -> Pairs:
    """Return how the outputs of a classifier were paired with the classes, and what a verdict must say of it."""
    found = [pair for recipe in recipes for pair in _pairing_words(recipe, memo)]
    if not found:
        return ()
    remarks = dict.fromkeys(f"{recipes[0].ref.id}: {remark}" for _, remark in found if remark)
    return ("outputs", f"paired with the classes {found[0][0]}"), *((PAIRING_REMARK, remark) for remark in remarks)


def _pairing_words(recipe: Recipe, memo: Memo) -> Pairs:
    """Return how outputs were paired, and the remark on it; nothing where no class scores by number are read."""
    if not recipe.is_paired:
        return ()
    if recipe.reading is not POOLED:
        return kept_remark(recipe, memo)
    if recipe.saved is None:
        facts = memo.get(pairing_part(recipe)).facts
        return ((str(facts["how"]), str(facts["remark"])),)
    by_number = paired_by_number(recipe)
    return () if by_number is None else ((by_number.how, by_number.remark),)


def _defects(recipes: tuple[Recipe, ...]) -> Pairs:
    found = [f"{recipe.dataset.name}: {defect}" for recipe in recipes for defect in recipe.dataset.defects]
    return ((DEFECTS, "; ".join(dict.fromkeys(found))),) if found else ()
