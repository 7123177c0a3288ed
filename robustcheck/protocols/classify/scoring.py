"""Accuracies: of one data set, or the mean over the subsets of a family (corruptions at a severity)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import expand
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_slice
from robustcheck.outputs.ranks import top_k_hits
from robustcheck.protocols.scoring import as_clusters, recipes_of_subsets
from robustcheck.stats.means import GROUP_MEAN, MEAN
from robustcheck.values import SURE, Cell, Pairs, Samples

Floats = npt.NDArray[np.float64]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the data set, or of every subset that the condition keeps."""
    names, _ = expand(cell.quantity.dataset, cell.quantity.where)
    return recipes_of_subsets(cell, shelf, names)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, k: int) -> Sampled:
    """Return for each sample whether its label is among the k best classes."""
    names, where = expand(cell.quantity.dataset, cell.quantity.where)
    found = [read_slice(recipe, memo, where) for recipe in recipes]
    sure = say_sure(recipes[0], k)
    if len(found) == 1:
        only = found[0]
        hits = Samples(only.ids, hits_among(cell, only, k), only.labels, metric_of(cell).statistic.name)
        return Sampled(hits, sure)
    facts = ("subsets", f"the mean over {len(names)} subsets")
    return Sampled(_mean_over_subsets(cell, names, found, k), (facts, *sure))


def say_sure(recipe: Recipe, k: int) -> Pairs:
    """Say that every answer is right where there are no more classes than the k best of them."""
    classes = len(recipe.dataset.class_names)
    if k < classes:
        return ()
    whole = f"each of the {classes} classes of {recipe.dataset.name}"
    return ((SURE, f"{whole} is among the {k} best: 100% whatever the model"),)


def hits_among(cell: Cell, part: Slice, k: int) -> Floats:
    """Return for each sample whether its label is among the k best classes; raise DataError without their ranks."""
    metric = cell.quantity.metric
    ranks = part.summary.column("rank", metric)
    if k > 1 and np.isinf(ranks).any():
        raise DataError(f"these predictions hold only the best class: {metric} needs logits", where=cell.model.id)
    return top_k_hits(ranks, k)


def _mean_over_subsets(cell: Cell, names: Sequence[str], parts: Sequence[Slice], k: int) -> Samples:
    if metric_of(cell).statistic is not MEAN:
        raise DataError(
            f"{cell.quantity.metric} has no mean over {len(names)} subsets",
            where=cell.quantity.label,
            expected="one subset",
        )
    ids = np.concatenate([part.ids for part in parts])
    return Samples(
        ids=np.concatenate([np.char.add(f"{name}/", part.ids) for name, part in zip(names, parts, strict=True)]),
        scores=np.concatenate([hits_among(cell, part, k) for part in parts]),
        groups=np.repeat(np.arange(len(parts)), [len(part.ids) for part in parts]),
        statistic=GROUP_MEAN.name,
        # The subsets show the same source images: they are sampled together.
        clusters=as_clusters(ids),
    )
