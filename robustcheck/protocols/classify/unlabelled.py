"""The accuracy on a set without labels, estimated from how often models agree there: agreement on the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.errors import DataError, RecordError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, models_of_options, option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import summary_of_all
from robustcheck.models.kinship import family_of, network_of
from robustcheck.models.model_sets import resolve_models
from robustcheck.protocols.classify.groups import agreement_of_labelled, find_recipes_of_both, names_apart
from robustcheck.protocols.scoring import require_task
from robustcheck.stats.agreement_line import MIN_MODELS, ON_THE_LINE, CarriedOver, estimate_first
from robustcheck.stats.means import MEAN, WEIGHTED_SUM
from robustcheck.stats.sampling import Floats, rows_of_ids
from robustcheck.values import Cell, ModelRef, Pairs, Samples

BY_PAIRS, BY_LINE = "aline-d", "aline-s"
_MASK = "classes"
# What a sample is of: an image with a label, one without, a family of the other models, a model's scatter.
_KNOWN, _UNKNOWN, _FAMILIES, _SCATTER = range(4)

Names = npt.NDArray[np.str_]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipes of all models on the set without labels, the candidate first, then those on the known set."""
    refs = _networks((cell.model, *models_of_options(cell, resolve_models)))
    name = option_of(cell, "known")
    if len(refs) < MIN_MODELS or not name:
        raise DataError(
            f"{len(refs) - 1} other model{'' if len(refs) == 2 else 's'}" if name else "no set with labels is named",
            where=cell.quantity.label,
            expected=f"a known set, and at least {MIN_MODELS - 1} models beside the one that is judged",
            fix="options: {known: imagenet-val, with: [MODEL, MODEL, MODEL]}",
        )
    plain = replace(cell.quantity, transform=None, seed=0, where=())
    known = [shelf.recipe(ref, name, plain) for ref in refs]
    require_task(known[0].dataset, metric_of(cell))
    unknown = [_without_labels(cell, shelf, recipe) for recipe in known]
    return (*unknown, *known)


def find_recipes_of_two(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipes of two models on images alone, then those on the set that says which classes there are."""
    name, others = option_of(cell, "known"), models_of_options(cell, resolve_models)
    if not name or not others:
        return find_recipes_of_both(cell, shelf)
    refs = (cell.model, *others)
    plain = replace(cell.quantity, transform=None, seed=0, where=())
    known = [shelf.recipe(ref, name, plain) for ref in refs]
    return (*(_without_labels(cell, shelf, recipe) for recipe in known), *known)


def agreement(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return for each image whether two models give the same answer, be it right or wrong."""
    if not option_of(cell, "known"):
        return agreement_of_labelled(cell, recipes, memo)
    pairs = zip(recipes[:2], recipes[2:], strict=True)
    said = [_answers(cell, memo, recipe, known, cell.quantity.where, None) for recipe, known in pairs]
    ids, (one, other) = _aligned(said, recipes[:2])
    return Sampled(Samples(ids, (one == other).astype(np.float64), np.zeros(ids.size, np.int64), MEAN.name))


def _networks(refs: Sequence[ModelRef]) -> tuple[ModelRef, ...]:
    """Return each network once, the first as it is: one under two names agrees with itself, which tells nothing."""
    found: dict[str, ModelRef] = {}
    for ref in refs:
        found.setdefault(network_of(ref.id, dict(ref.facets)), ref)
    return tuple({ref.identity: ref for ref in reversed(found.values())}.values())[::-1]


def _without_labels(cell: Cell, shelf: Shelf, known: Recipe) -> Recipe:
    dataset = shelf.dataset_for(known.ref, cell.quantity.dataset, cell.quantity)
    require_task(dataset, metric_of(cell), also=("ood",))
    return shelf.recipe_with(known.ref, dataset, cell.quantity, known.classes, labelled=False, learnt=known.learnt)


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return what each image, family and model adds to the estimate; raise RecordError where there is no line."""
    masks = tuple(pair for pair in cell.quantity.where if pair[0] == _MASK)
    others = tuple(pair for pair in cell.quantity.where if pair[0] != _MASK)
    half = len(recipes) // 2
    classes = kept_classes(recipes[half].dataset, masks)
    pairs = list(zip(recipes[:half], recipes[half:], strict=True))
    here = _aligned([_answers(cell, memo, recipe, known, others, classes) for recipe, known in pairs], recipes[:half])
    there = _aligned([_answers(cell, memo, known, known, masks, classes) for _, known in pairs], recipes[half:])
    labels = _labels(recipes[half], masks)
    found = _Found(here[0], there[0], _agreeing(here[1]), _agreeing(there[1]), there[1] == labels)
    by_pairs = option_of(cell, "by") == BY_PAIRS
    carried = found.estimate(range(half), by_pairs)
    _require_straight(carried, recipes[:half])
    families = [family_of(recipe.ref.id, dict(recipe.ref.facets)) for recipe in recipes[1:half]]
    parts = found.parts(carried, families, by_pairs)
    counted = f"{found.unknown_ids.size:,} images, {found.known_ids.size:,} of the known set"
    rest = len(parts.ids) - found.unknown_ids.size - found.known_ids.size
    facts = (*_facts(cell, carried, recipes, found), ("n counts", f"{counted}, {rest:,} families and models"))
    return Sampled(parts, facts)


def _labels(known: Recipe, masks: Pairs) -> Names:
    dataset = known.dataset
    return np.array(names_apart(dataset.class_names))[dataset.labels[select(dataset, masks)]]


def _answers(
    cell: Cell, memo: Memo, recipe: Recipe, known: Recipe, where: Pairs, classes: npt.NDArray[np.int64] | None
) -> tuple[Names, Names]:
    """Return the ids of the images, and the name of the answer to each; (n,)."""
    rows = select(recipe.dataset, where)
    predicted = summary_of_all(recipe, memo, classes).rows(rows).predicted(cell.quantity.metric)
    named = recipe.dataset if recipe.saved is not None and recipe.dataset.class_names else known.dataset
    return recipe.dataset.ids[rows], np.array([*names_apart(named.class_names), ""])[predicted]


def _aligned(answers: Sequence[tuple[Names, Names]], recipes: Sequence[Recipe]) -> tuple[Names, Names]:
    """Return the ids (n,) and the answers of all models (m, n), in the order of the first."""
    ids, rows = answers[0][0], []
    for recipe, (own, named) in zip(recipes, answers, strict=True):
        order = rows_of_ids(ids, own)
        if order is None:
            raise DataError(
                f"{recipes[0].ref.id} and {recipe.ref.id} are not on the same samples",
                where=recipe.dataset.name,
                expected="outputs of all models for every sample, with the same ids",
            )
        rows.append(named[order])
    return ids, np.array(rows)


def _agreeing(answers: Names) -> npt.NDArray[np.bool_]:
    """Return for each pair of models on which images they give the same answer: (pairs, n)."""
    return np.array([answers[one] == answers[other] for one, other in combinations(range(len(answers)), 2)])


class _Found:
    """What was counted: ids of both sets, agreements (pairs, n) on both, and hits (models, n) on the known one."""

    def __init__(self, unknown_ids: Names, known_ids: Names, unknown: np.ndarray, known: np.ndarray, hits: np.ndarray):
        self.unknown_ids, self.known_ids = unknown_ids, known_ids
        self.unknown, self.known, self.hits = unknown, known, hits
        self._shares = [each.mean(axis=1) for each in (known, unknown, hits)]

    def estimate(self, models: Sequence[int], by_pairs: bool) -> CarriedOver:
        """Estimate the accuracy of the first of some models from what these say."""
        kept = set(models)
        pairs = [set(pair) <= kept for pair in combinations(range(len(self.hits)), 2)]
        known, unknown, accuracies = self._shares
        return estimate_first(known[pairs], unknown[pairs], accuracies[list(models)], by_pairs=by_pairs)

    def parts(self, carried: CarriedOver, families: Sequence[str], by_pairs: bool) -> Samples:
        """Return the estimate as a sum of the means of four groups, each of which varies by itself.

        An image adds its influence on the estimate, a family what leaving it out changes (the jackknife), a model the
        scatter about the line. The means of the last three are 0.
        """
        by_known = _moved(carried.by_known, self.known) + _moved(carried.by_accuracy, self.hits)
        left_out = self._without_families(carried, families, by_pairs)
        groups = (
            (np.char.add("known/", self.known_ids), carried.value + by_known),
            (self.unknown_ids, _moved(carried.by_unknown, self.unknown)),
            (np.array([f"without {name}" for name in dict.fromkeys(families)][: left_out.size], dtype=str), left_out),
            (np.array([f"scatter {place}" for place in range(len(self.hits))]), _scattered(carried, len(self.hits))),
        )
        used = [(place, ids, scores) for place, (ids, scores) in enumerate(groups) if scores.size > 1]
        sizes = [scores.size for _, _, scores in used]
        return Samples(
            ids=np.concatenate([ids for _, ids, _ in used]),
            scores=np.concatenate([scores for _, _, scores in used]),
            groups=np.repeat([place for place, _, _ in used], sizes).astype(np.int64),
            statistic=WEIGHTED_SUM.name,
            weights=np.repeat(1 / np.array(sizes, dtype=np.float64), sizes),
        )

    def _without_families(self, carried: CarriedOver, families: Sequence[str], by_pairs: bool) -> Floats:
        """Return what each family of the other models adds: (k - 1)(mean - estimate without it); none where too few."""
        names, found = list(dict.fromkeys(families)), []
        for name in names:
            left = [0, *(place for place, family in enumerate(families, start=1) if family != name)]
            try:
                found.append(self.estimate(left, by_pairs).value)
            except RecordError:
                return np.empty(0)
        values = np.array(found)
        return np.asarray((len(names) - 1) * (values.mean() - values))


def _moved(by_share: Floats, counted: np.ndarray) -> Floats:
    """Return how each image (n,) moves the estimate through the shares of what was counted (k, n)."""
    moved = np.zeros(counted.shape[1])
    for slope, row in zip(by_share, counted, strict=True):
        moved += slope * (row - row.mean())
    return moved


def _scattered(carried: CarriedOver, models: int) -> Floats:
    """Return one score a model whose mean is 0 and has the variance of a model about the line."""
    spread = np.linspace(-1, 1, models)
    # The variance of a mean of m is that of its scores over m; these have the wanted one times m.
    return np.asarray(spread / spread.std(ddof=1) * carried.scatter * np.sqrt(models))


def _require_straight(carried: CarriedOver, recipes: Sequence[Recipe]) -> None:
    if carried.line.is_straight:
        return
    raise RecordError(
        f"agreements lie on no line: r2 {carried.line.r2:.3f} over {carried.line.pairs} pairs of {len(recipes)} models",
        where=f"{recipes[0].dataset.name}, without labels",
        expected=f"an r2 above {ON_THE_LINE}: only then do accuracies lie on the same line",
        fix="compare with other or more models, which differ more in accuracy, or label some of the images",
    )


def _facts(cell: Cell, carried: CarriedOver, recipes: Sequence[Recipe], found: _Found) -> Pairs:
    line, half = carried.line, len(recipes) // 2
    by = {BY_PAIRS: "ALine-D", BY_LINE: "ALine-S"}[option_of(cell, "by")]
    return (
        ("estimate", f"by {by}, without a label of {recipes[0].dataset.name}: it is not a measurement"),
        ("line of agreements", f"slope {line.slope:.3f}, r2 {line.r2:.3f}, {line.pairs} pairs of {half} models"),
        ("known set", f"{recipes[half].dataset.name}: top1 {found.hits[0].mean():.1%}"),
    )
