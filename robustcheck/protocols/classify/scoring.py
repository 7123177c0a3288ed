"""Accuracies: of one data set, or the mean over the subsets of a family (corruptions at a severity)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robustcheck.datasets import expand
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_slice
from robustcheck.outputs.ranks import rank_scores
from robustcheck.protocols.scoring import Measured, Scoring, as_clusters, facts_of, recipes_of_subsets
from robustcheck.values import Cell, Samples


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the data set, or of every subset that the condition keeps."""
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    return recipes_of_subsets(cell, shelf, names)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Measured:
    """Return one score a sample."""
    names, where = expand(cell.quantity.dataset, cell.quantity.where)
    found = [read_slice(recipe, memo, where) for recipe in recipes]
    if len(found) == 1:
        return Measured(_one(cell, found[0]))
    return Measured(_mean_over_subsets(cell, names, found), (("subsets", f"the mean over {len(names)} subsets"),))


def hits(cell: Cell, part: Slice) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return 1.0 for each sample whose label is within the metric's k best classes."""
    metric = cell.quantity.metric
    ranks = part.summary.column("rank", metric)
    if metric == "top5" and np.isinf(ranks).any():
        raise DataError("these predictions hold only the best class: top5 needs logits", where=cell.model.id)
    return rank_scores(metric, ranks)


def _one(cell: Cell, part: Slice) -> Samples:
    return Samples(part.ids, hits(cell, part), part.labels, facts_of(cell).statistic)


def _mean_over_subsets(cell: Cell, names: Sequence[str], parts: Sequence[Slice]) -> Samples:
    if facts_of(cell).statistic != "mean":
        raise DataError(
            f"{cell.quantity.metric} has no mean over {len(names)} subsets",
            where=cell.quantity.label,
            expected="one subset",
        )
    ids = np.concatenate([part.ids for part in parts])
    return Samples(
        ids=np.concatenate([np.char.add(f"{name}/", part.ids) for name, part in zip(names, parts, strict=True)]),
        scores=np.concatenate([hits(cell, part) for part in parts]),
        groups=np.repeat(np.arange(len(parts)), [len(part.ids) for part in parts]),
        statistic="group_mean",
        # The subsets show the same source images: they are sampled together.
        clusters=as_clusters(ids),
    )


SCORING = Scoring(find_recipes, samples)
