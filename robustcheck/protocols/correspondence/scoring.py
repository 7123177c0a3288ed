"""Correspondence: recall of matched points and of transferred keypoints (PROTOCOLS section 8).

What is stored are the errors of each pair's matches, in blocks of pairs: every threshold and bin of angles is
arithmetic on them, and a killed run loses one block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import ALL, Dataset, ImageDataset, KeypointPairs, PairGeometry, SurfacePairs
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.parts import Derived
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.protocols.correspondence.feature_maps import FeatureMaps
from robustcheck.protocols.correspondence.matching import match_points, transfer_keypoints
from robustcheck.protocols.scoring import as_clusters, require_task
from robustcheck.stats.means import GROUP_MEAN
from robustcheck.store import Stored, content_key
from robustcheck.values import Cell, Samples

# Raise when the same maps come to give other matches or errors.
SCHEMA = 1
PROTOCOL = "protocol"
# Pairs whose errors are stored together.
_BLOCK = 32

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pairs = TypeVar("Pairs", SurfacePairs, KeypointPairs)


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the feature maps of all images of a set of pairs."""
    quantity = cell.quantity
    dataset = shelf.dataset(quantity.dataset)
    require_task(dataset, metric_of(cell))
    if quantity.where or quantity.prompts or quantity.transform:
        raise DataError(
            "correspondence is over pairs of images as they are, and asks for no classes",
            where=quantity.label,
            fix="leave `where`, `prompts` and `transform` out; `options: {viewpoint: ...}` chooses pairs",
        )
    asked = option_of(cell, "normalisation")
    assert dataset.pairs is not None, "a set of its task has pairs"
    own = dataset.pairs.normalisation if asked == PROTOCOL else asked
    recipe = shelf.recipe_with(cell.model.encoder, dataset, quantity, None, labelled=False)
    return (replace(recipe, reading=FeatureMaps(own, option_of(cell, "pictures"))),)


def sample_recall(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each pair the share of its kept matches whose error is below the threshold."""
    (recipe,) = recipes
    pairs = _pairs(recipe.dataset, SurfacePairs)
    unit = option_of(cell, "unit") or next(iter(pairs.thresholds))
    if unit not in pairs.thresholds:
        raise DataError(f"no errors in {unit}", where=recipe.dataset.name, expected=" or ".join(pairs.thresholds))
    threshold = float(option_of(cell, "threshold") or pairs.thresholds[unit])
    keep = int(option_of(cell, "matches") or pairs.matches)
    chosen = _in_bin(pairs, option_of(cell, "viewpoint"), recipe.dataset.name)
    errors = _errors(recipe, memo, pairs, keep, chosen)[:, :, list(pairs.thresholds).index(unit)]
    counts = np.isfinite(errors).sum(axis=1)
    rows = chosen[counts > 0]
    if not rows.size:
        raise DataError("no pair has points in both pictures", where=recipe.dataset.name)
    with np.errstate(invalid="ignore"):
        recall = (errors < threshold).sum(axis=1)[counts > 0] / counts[counts > 0]
    has_scenes = len(np.unique(pairs.scenes)) < len(pairs.scenes)
    found = Samples(
        pairs.ids[rows],
        recall.astype(np.float64),
        bins_of(pairs)[rows],
        clusters=as_clusters(pairs.scenes[rows]) if has_scenes else None,
    )
    said = f"{int(counts.sum()):,} of {len(rows):,} pairs, right below {threshold:g} {unit}"
    without = f"; {len(chosen) - len(rows)} pairs without points are left out" if len(rows) < len(chosen) else ""
    return Sampled(found, (("matches", said + without),))


def sample_keypoints(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each keypoint whether it is found; those of one pair are sampled together, categories weigh alike."""
    (recipe,) = recipes
    pairs = _pairs(recipe.dataset, KeypointPairs)
    viewpoint = option_of(cell, "viewpoint")
    chosen = pairs.draws.get(viewpoint, np.empty(0, np.int64))
    errors = [_keypoint_errors(recipe, memo, pairs, int(number)) for number in chosen]
    sizes = np.array([len(each) for each in errors], dtype=np.int64)
    if not sizes.sum():
        at = "" if viewpoint == ALL else f" at a difference of viewpoint {viewpoint}"
        raise _not_applicable(f"a keypoint in both pictures{at}", recipe.dataset.name)
    hits = (np.concatenate(errors) < float(option_of(cell, "alpha"))).astype(np.float64)
    owners = np.repeat(chosen, sizes)
    names = np.concatenate([pairs.names[number] for number in chosen])
    ids = np.array([f"{pairs.ids[owner]}#{name}" for owner, name in zip(owners, names, strict=True)])
    found = Samples(ids, hits, pairs.categories[owners], GROUP_MEAN.name, clusters=owners)
    said = f"{len(hits):,} in {len(chosen):,} pairs of {len(np.unique(pairs.categories[owners]))} categories"
    return Sampled(found, (("keypoints", said),))


def bins_of(pairs: SurfacePairs) -> Ints:
    """Return the bin of each pair's angle (p,), counted from 0; the last one for angles at or beyond the last edge."""
    return (np.searchsorted(pairs.edges[1:-1], pairs.angles, side="right")).astype(np.int64)


def _in_bin(pairs: SurfacePairs, viewpoint: str, name: str) -> Ints:
    if viewpoint == ALL:
        return np.arange(len(pairs.ids))
    low, high = map(float, viewpoint.split("-"))
    found = np.flatnonzero((pairs.angles >= low) & (pairs.angles < high))
    if not found.size:
        raise _not_applicable(f"an angle from {low:g} to {high:g} degrees", name)
    return found


def _not_applicable(what: str, name: str) -> DataError:
    return DataError(
        f"not applicable: no pair has {what}",
        where=name,
        expected="at least one: an empty bin is not a recall of 0",
        fix="ask for another bin; those of the sets are in docs/protocols/correspondence.md",
    )


def _errors(recipe: Recipe, memo: Memo, pairs: SurfacePairs, keep: int, chosen: Ints) -> Floats:
    """Return the errors of the chosen pairs' matches (p, keep, units); NaN where a pair has fewer."""
    blocks = chosen // _BLOCK
    found = {int(block): memo.get(errors_part(recipe, pairs, keep, int(block))).array for block in np.unique(blocks)}
    rows = [found[int(block)][number % _BLOCK] for block, number in zip(blocks, chosen, strict=True)]
    return np.stack(rows).astype(np.float64)


def errors_part(recipe: Recipe, pairs: SurfacePairs, keep: int, block: int) -> Derived:
    """Return the part that holds the errors of the matches of a block of pairs (b, keep, units), in float32."""
    numbers = range(block * _BLOCK, min((block + 1) * _BLOCK, len(pairs.ids)))

    def make(memo: Memo) -> Stored:
        table = np.full((len(numbers), keep, len(pairs.thresholds)), np.nan, dtype=np.float32)
        for row, number in enumerate(numbers):
            for column, errors in enumerate(_pair_errors(recipe, memo, pairs, number, keep).values()):
                table[row, : len(errors), column] = errors
        return Stored(table, {"outputs": recipe.outputs.key, "block": block})

    return Derived("matches", _key(recipe, block, keep), (recipe.outputs,), make)


def _pair_errors(recipe: Recipe, memo: Memo, pairs: SurfacePairs, number: int, keep: int) -> Mapping[str, Floats]:
    """Return the errors of a pair's matches by unit: how far the points of each match are apart."""
    geometry = _unchanged(recipe.dataset, pairs, number)
    maps = memo.rows(recipe.outputs).take(np.array([pairs.first[number], pairs.second[number]]))
    found = match_points(maps[0], maps[1], (geometry.first, geometry.second), pairs.interpolation, keep)
    return {
        unit: np.linalg.norm(geometry.moved[unit][found.first] - geometry.there[unit][found.second], axis=1)
        for unit in pairs.thresholds
    }


def _unchanged(dataset: Dataset, pairs: SurfacePairs, number: int) -> PairGeometry:
    assert isinstance(dataset, ImageDataset), "a set of pairs is read from files or drawn"
    return dataset.unchanged(pairs.files(number), lambda: pairs.geometry(number))


def _keypoint_errors(recipe: Recipe, memo: Memo, pairs: KeypointPairs, number: int) -> Floats:
    """Return the errors of a pair's keypoints, as shares of the scale of its target."""
    block = memo.get(keypoints_part(recipe, pairs, number // _BLOCK)).array
    starts = _starts(pairs, number // _BLOCK)
    row = number % _BLOCK
    return np.asarray(block[starts[row] : starts[row + 1]], dtype=np.float64)


def _starts(pairs: KeypointPairs, block: int) -> Ints:
    sizes = [len(points) for points in pairs.source[block * _BLOCK : (block + 1) * _BLOCK]]
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)


def keypoints_part(recipe: Recipe, pairs: KeypointPairs, block: int) -> Derived:
    """Return the part that holds the errors of the keypoints of a block of pairs, one pair after the other."""
    numbers = range(block * _BLOCK, min((block + 1) * _BLOCK, len(pairs.ids)))

    def make(memo: Memo) -> Stored:
        errors = [np.empty(0)]
        for number in numbers:
            maps = memo.rows(recipe.outputs).take(np.array([pairs.first[number], pairs.second[number]]))
            found = transfer_keypoints(maps[0], maps[1], pairs.source[number])
            errors.append(np.linalg.norm(found - pairs.target[number], axis=1) / pairs.scale[number])
        return Stored(np.concatenate(errors), {"outputs": recipe.outputs.key, "block": block})

    return Derived("matches", _key(recipe, block, 0), (recipe.outputs,), make)


def _key(recipe: Recipe, block: int, keep: int) -> str:
    pairs = {"dataset": recipe.dataset.fingerprint, "block": [block, _BLOCK], "keep": keep}
    return content_key({"matches of": recipe.outputs.key, **pairs, "schema": SCHEMA})


def _pairs(dataset: Dataset, sort: type[Pairs]) -> Pairs:
    assert isinstance(dataset.pairs, sort), "the task of a data set says which pairs it has"
    return dataset.pairs
