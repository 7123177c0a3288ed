"""Averages: the mean of a metric over several data sets, such as the columns of a paper's table.

Each member is scored as it is by itself, by its own metric where the catalogue says so. With V the mean of the
members' values and I_i what sample i adds to it (its influence, over the number of members; that of an image which
several members share is the sum), the samples of the average are the pseudo-values V + n I_i of all n samples: their
mean is V, the variance of that mean is the linearised variance of V, and over the same images two models are compared
in pairs, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import known_datasets
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_named, metric_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.stats.means import MEAN
from robustcheck.stats.statistics import influence, value_of
from robustcheck.values import Cell, Samples

Strings = npt.NDArray[np.str_]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return what a cell reads: of an average, what each of its members does."""
    members = member_cells(cell)
    if not members:
        return metric_of(cell).find_recipes(cell, shelf)
    found = [metric_of(member).find_recipes(member, shelf) for member in members]
    return tuple(replace(recipe, member=number) for number, recipes in enumerate(found) for recipe in recipes)


def make_samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return the samples of a cell: of an average, the pseudo-values of all its members' samples."""
    members = member_cells(cell)
    if not members:
        return metric_of(cell).samples(cell, recipes, memo)
    parts = [tuple(group) for _, group in groupby(recipes, lambda recipe: recipe.member)]
    found = [metric_of(one).samples(one, part, memo).samples for one, part in zip(members, parts, strict=True)]
    values = ", ".join(
        f"{one.quantity.metric} {value_of(samples):.4f} on {one.quantity.dataset}"
        for one, samples in zip(members, found, strict=True)
    )
    return Sampled(average_samples(found, _names(members)), (("the mean of", values),))


def member_cells(cell: Cell) -> tuple[Cell, ...]:
    """Return the cells that an average is over; none where the data set is not one."""
    entry, quantity = known_datasets().get(cell.quantity.dataset), cell.quantity
    if entry is None or not entry.members:
        return ()
    if quantity.where:
        raise DataError("an average has no slices", where=quantity.label, fix="leave `where` out, or name a member")
    found = []
    for name, _ in entry.members:
        metric = metric_named(entry.member_metric(name, quantity.metric))
        known = {option.name for option in metric.options}
        options = tuple(pair for pair in quantity.options if pair[0] in known)
        found.append(Cell(cell.model, replace(quantity, metric=metric.name, dataset=name, options=options)))
    return tuple(found)


def average_samples(parts: Sequence[Samples], names: Sequence[str]) -> Samples:
    """Return samples whose mean is the mean of the parts' values; ``names`` go before the ids of each part.

    Samples of equal ids are one image. What is one cluster in a part is one in the average.
    """
    value = float(np.mean([value_of(part) for part in parts]))
    shares = np.concatenate([influence(part) / len(parts) for part in parts])
    ids = np.concatenate([np.char.add(name, part.ids) for part, name in zip(parts, names, strict=True)])
    known, first, place = np.unique(ids, return_index=True, return_inverse=True)
    summed = np.bincount(place.reshape(-1), weights=shares)
    clusters = np.unique(_clusters(parts, ids)[first], return_inverse=True)[1].reshape(-1).astype(np.int64)
    are_images = clusters.max() + 1 == len(known)
    return Samples(
        ids=known,
        scores=np.asarray(value + len(known) * summed, dtype=np.float64),
        groups=np.zeros(len(known), dtype=np.int64),
        statistic=MEAN.name,
        clusters=None if are_images else clusters,
    )


def _clusters(parts: Sequence[Samples], ids: Strings) -> Strings:
    """Return a name for the cluster of each sample: its own id where a part has none."""
    ends = np.cumsum([len(part.ids) for part in parts])
    own = np.split(ids, ends[:-1])
    found = [
        one if part.clusters is None else np.char.add(f"{number} ", part.clusters.astype(str))
        for number, (part, one) in enumerate(zip(parts, own, strict=True))
    ]
    return np.concatenate(found)


def _names(members: Sequence[Cell]) -> list[str]:
    """Return what goes before the ids of each member: detection's own ids name their set, which several share."""
    return ["" if "ood" in metric_of(one).tasks else f"{one.quantity.dataset}/" for one in members]
