"""Summaries: a few numbers a sample, from which most metrics are arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.parts import Derived
from robustcheck.measure.readout import blocks
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import best_class_summary, readout_of
from robustcheck.outputs.logits import among_kept
from robustcheck.outputs.summary import COLUMNS, Summary, summarise
from robustcheck.stats.sampling import rows_of_ids
from robustcheck.store import Stored, content_key
from robustcheck.values import Pairs

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The samples of a recipe that a condition keeps: their places, ids, labels and summary."""

    rows: Ints
    ids: npt.NDArray[np.str_]
    labels: Ints
    summary: Summary


def read_slice(recipe: Recipe, memo: Memo, where: Pairs = (), temperature: float = 1.0) -> Slice:
    """Return the samples of a recipe that satisfy ``where``; raise DataError where none has been seen."""
    rows = recipe.keep_seen(select(recipe.dataset, where))
    if not rows.size:
        raise DataError("no image of this slice has been seen yet", where=recipe.dataset.name)
    summary = summary_of_all(recipe, memo, kept_classes(recipe.dataset, where), temperature)
    return Slice(rows, recipe.dataset.ids[rows], recipe.dataset.labels[rows], summary.rows(rows))


def read_paired(recipes: tuple[Recipe, ...], memo: Memo, where: Pairs = ()) -> tuple[Slice, Slice]:
    """Return the samples of two recipes that satisfy ``where``, both in the order of the first.

    Outputs saved elsewhere have an order of their own. Raises DataError where the two are not of the same samples, or
    label one otherwise.
    """
    one, other = (read_slice(recipe, memo, where) for recipe in recipes)
    order = rows_of_ids(one.ids, other.ids)
    if order is None:
        first, second = (recipe.ref.id for recipe in recipes)
        raise DataError(
            f"{first} and {second} are not on the same samples: {one.ids.size:,}, such as {one.ids[0]}, "
            f"and {other.ids.size:,}, such as {other.ids[0]}",
            where=recipes[0].dataset.name,
            expected="outputs of both for every sample, with the same ids",
        )
    paired = Slice(other.rows[order], one.ids, other.labels[order], other.summary.rows(order))
    _require_same_labels(recipes, (one, paired))
    return one, paired


def _require_same_labels(recipes: tuple[Recipe, ...], parts: tuple[Slice, Slice]) -> None:
    """Refuse two models whose outputs were saved beside other labels: each would be right about another image."""
    if not all(recipe.labelled for recipe in recipes):
        return
    one, other = (
        np.array(recipe.dataset.class_names)[part.labels] for recipe, part in zip(recipes, parts, strict=True)
    )
    if (wrong := np.flatnonzero(one != other)).size:
        first, second = (recipe.ref.id for recipe in recipes)
        raise DataError(
            f"{first} and {second} label {wrong.size:,} samples otherwise: "
            f"{parts[0].ids[wrong[0]]} is {one[wrong[0]]}, and {other[wrong[0]]}",
            where=recipes[0].dataset.name,
            expected="outputs of both beside the same labels",
        )


def summary_of_all(recipe: Recipe, memo: Memo, kept: Ints | None, temperature: float = 1.0) -> Summary:
    """Return the summary of every sample; those whose label is not among the kept classes have NaN."""
    return Summary(memo.get(summary_part(recipe, kept, temperature)).array)


def summary_part(recipe: Recipe, kept: Ints | None, temperature: float) -> Derived:
    """Return the part that holds the summary of every sample."""
    key = content_key(
        {
            "recipe": recipe.key,
            "kept": None if kept is None else kept.tolist(),
            "temperature": temperature,
            "columns": list(COLUMNS),
        }
    )

    def make(memo: Memo) -> Stored:
        if recipe.saved is not None and recipe.saved.kind == "classes":
            summary = best_class_summary(recipe, kept, temperature)
        else:
            summary = _summarise(recipe, memo, kept, temperature)
        return Stored(summary.table, {"outputs": recipe.outputs.key})

    return Derived("summaries", key, recipe.parts, make)


def _summarise(recipe: Recipe, memo: Memo, kept: Ints | None, temperature: float) -> Summary:
    readout = readout_of(recipe, memo)
    count = len(recipe.dataset)
    labels = recipe.dataset.labels if recipe.labelled else None
    if kept is not None and labels is not None:
        labels = among_kept(labels, kept, len(recipe.dataset.class_names))
    table = np.full((count, len(COLUMNS)), np.nan)
    for rows in blocks(recipe.keep_seen(np.arange(count) if labels is None else np.flatnonzero(labels >= 0))):
        logits, cosine = readout.logits_and_cosines(rows)
        logits = logits / temperature
        if kept is not None:
            logits = logits[:, kept]
            # Cosines belong to names; where names are merged into classes no one name is kept or not.
            cosine = cosine[:, kept] if cosine is not None and readout.classes.vocabulary is None else None
        table[rows] = summarise(logits, None if labels is None else labels[rows], cosine).table
    if kept is not None:
        table[:, 0] = _named_again(table[:, 0], kept)
    return Summary(table)


def _named_again(predicted: npt.NDArray[np.float64], kept: Ints) -> npt.NDArray[np.float64]:
    """Return predictions counted among the kept classes as classes of the data set."""
    known = ~np.isnan(predicted)
    named = np.full_like(predicted, np.nan)
    named[known] = kept[predicted[known].astype(np.int64)]
    return named
