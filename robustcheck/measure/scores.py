"""Scores as arithmetic on what is stored: no torch, no images, no model."""

from __future__ import annotations

from robustcheck.errors import DataError, RobustcheckError
from robustcheck.measure.keys import provenance_libraries
from robustcheck.measure.measure_settings import MeasureSettings
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.metrics import metric_facts
from robustcheck.protocols.scoring import Measured
from robustcheck.protocols.scorings import measured_samples, recipes_of
from robustcheck.stats.intervals import score_interval
from robustcheck.stats.statistics import value_of
from robustcheck.store import content_key
from robustcheck.values import Cell, Pairs, Score


def stored_score(cell: Cell, settings: MeasureSettings, shelf: Shelf | None = None) -> Score | None:
    """Return the score of a cell from the store, or None when it has still to be measured.

    None also when it cannot be measured: ``measure_cells`` says why. A caller with many cells
    passes one ``shelf``, so that each data set is opened once.
    """
    try:
        return score_of(cell, shelf or Shelf(settings))
    except RobustcheckError:
        return None


def score_of(cell: Cell, shelf: Shelf) -> Score | None:
    """Return the score of a cell from the store, or None when a part is missing; raise what is wrong."""
    facts = metric_facts(cell.quantity.metric)
    if shelf.encoder(cell.model) is None:
        return None
    parts = recipes_of(cell, shelf)
    measured = measured_samples(cell, parts)
    if measured is None:
        return None
    n = len(measured.samples.scores)
    if n < facts.n_min:
        raise DataError(f"{n} samples", where=cell.quantity.label, expected=f"at least {facts.n_min}")
    return _score(cell, measured, parts)


def _score(cell: Cell, measured: Measured, parts: tuple[Recipe, ...]) -> Score:
    low, high = score_interval(measured.samples, 0.95)
    if metric_facts(cell.quantity.metric).bounded:
        low, high = max(low, 0.0), min(high, 1.0)
    return Score(
        cell=cell,
        value=value_of(measured.samples),
        low=low,
        high=high,
        n=len(measured.samples.scores),
        evidence="live",
        source=_source(parts),
        key=_key(cell, parts),
        provenance=(*_provenance(cell, parts[0]), *measured.facts),
        samples=measured.samples,
    )


def _key(cell: Cell, parts: tuple[Recipe, ...]) -> str:
    """Return the sha256 of what decides a score: the parts, and what is done with them."""
    quantity, facts = cell.quantity, metric_facts(cell.quantity.metric)
    return content_key(
        {
            "parts": [part.key for part in parts],
            "metric": quantity.metric,
            # A default that is named is the default; one that changes is another setting.
            "options": {option.name: facts.option(option.name, quantity.options) for option in facts.options},
            "where": dict(quantity.where),
        }
    )


def _source(parts: tuple[Recipe, ...]) -> str:
    if parts[0].saved is not None:
        return f"predictions saved in {parts[0].saved.path.name}"
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
