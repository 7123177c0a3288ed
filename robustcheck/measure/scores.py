"""Scores as arithmetic on what is stored: no torch, no images, no model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.errors import DataError, RobustcheckError
from robustcheck.measure.heads import stored_head
from robustcheck.measure.keys import provenance_libraries, ranks_facts
from robustcheck.measure.settings import MeasureSettings
from robustcheck.measure.shelf import Recipe, Shelf
from robustcheck.metrics import aggregate, label_ranks, metric_facts, rank_scores
from robustcheck.protocols.classify import keep_classes, supervised_logits, zero_shot_logits
from robustcheck.records import Cell, Pairs, Samples, Score
from robustcheck.stats.intervals import score_interval
from robustcheck.store import content_key

Ints = npt.NDArray[np.int64]

_ROWS = 4096


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
    recipe = shelf.recipe(cell)
    if recipe is None:
        return None
    rows = select(recipe.dataset, cell.quantity.where)
    if len(rows) < facts.n_min:
        raise DataError(f"{len(rows)} samples", where=cell.quantity.label, expected=f"at least {facts.n_min}")
    kept = kept_classes(recipe.dataset, cell.quantity.where)
    key, ranks = _ranks(recipe, kept)
    if ranks is None:
        return None
    scores = rank_scores(facts.name, ranks[rows])
    samples = Samples(recipe.dataset.ids[rows], scores, recipe.dataset.labels[rows], facts.aggregate)
    return _score(cell, samples, content_key({"ranks": key, "metric": facts.name, "rows": rows.tolist()}), recipe)


def _score(cell: Cell, samples: Samples, key: str, recipe: Recipe) -> Score:
    low, high = score_interval(samples, 0.95)
    return Score(
        cell=cell,
        value=aggregate(samples.scores, samples.groups, samples.aggregate),
        low=low,
        high=high,
        n=len(samples.scores),
        evidence="live",
        source="measured on this machine or taken from its store",
        key=key,
        provenance=_provenance(cell, recipe),
        samples=samples,
    )


def _provenance(cell: Cell, recipe: Recipe) -> Pairs:
    encoder, transform = recipe.encoder, recipe.transform
    pairs = [("weights", encoder.weights), ("dataset", recipe.dataset.fingerprint), ("precision", encoder.precision)]
    if recipe.templates:
        prompts = cell.quantity.prompts or "the data set's default"
        pairs.append(("prompts", f"{prompts} ({len(recipe.templates)})"))
    if transform is not None:
        pairs.append(("transform", f"{cell.quantity.transform}, in memory, seed {recipe.seed}"))
    return (*pairs, *encoder.libraries, *provenance_libraries())


def _ranks(recipe: Recipe, kept: Ints | None) -> tuple[str, Ints | None]:
    """Return the key and the rank of every sample's label among the kept classes (the last rank outside them).

    They are a thousandth of the outputs in size, so judging again need not read those.
    """
    columns = None if recipe.templates else recipe.dataset.columns
    key = content_key(ranks_facts(recipe.outputs_facts, recipe.head_facts, recipe.dataset.labels, columns, kept))
    stored = recipe.store.read("ranks", key)
    if stored is not None:
        return key, stored.array
    ranks = _ranks_of_outputs(recipe, kept)
    if ranks is not None:
        recipe.store.write("ranks", key, ranks, {"outputs": content_key(recipe.outputs_facts)})
    return key, ranks


def _ranks_of_outputs(recipe: Recipe, kept: Ints | None) -> Ints | None:
    head = stored_head(recipe)
    if recipe.templates and head is None:
        return None
    outputs = recipe.outputs.read()
    if outputs is None:
        return None
    classes, labels = np.arange(len(recipe.dataset.class_names)) if kept is None else kept, recipe.dataset.labels
    ranks = np.full(len(labels), np.iinfo(np.int64).max, dtype=np.int64)
    for rows in _blocks(np.flatnonzero(np.isin(labels, classes))):
        if head is not None:
            logits = zero_shot_logits(outputs[rows], head)
        else:
            logits = supervised_logits(outputs[rows], recipe.dataset.columns, len(recipe.dataset.class_names))
        ranks[rows] = label_ranks(*keep_classes(logits, labels[rows], classes))
    return ranks


def _blocks(rows: Ints) -> Iterator[Ints]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]
