"""Robustness to attacks: accuracy on images moved within eps, and the smallest eps that fools (PROTOCOLS 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.errors import DataError, ModelError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.option import fractions_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.models.adapter import adapter_named
from robustcheck.models.kind import capabilities
from robustcheck.models.model_sets import resolve_one
from robustcheck.models.torch_host import device_kind
from robustcheck.outputs.logits import among_kept
from robustcheck.protocols.attack.attacks import ATTACKS, Asked
from robustcheck.protocols.attack.masking import VARIANTS
from robustcheck.protocols.attack.masking_signs import (
    masking_facts,
    say_flat,
    say_rises,
    say_steep,
    say_stronger_way,
)
from robustcheck.protocols.attack.readings import NOT_FOUND, Attacked, Setup, Smallest, Trial
from robustcheck.protocols.attack.sense import require_sense
from robustcheck.protocols.attack.spaces import Norm
from robustcheck.protocols.attack.victims import answers_of
from robustcheck.protocols.scoring import choose_images, require_task
from robustcheck.stats.median import MEDIAN
from robustcheck.values import Cell, Pairs, Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# k/1000 as in the paper's search: how far each attack is looked for, by itself and from a substitute.
_GRIDS = {"nes": "1..10/1000", "spsa": "1..30/1000"}
_WHITE_GRID = "1..9/1000"
_TRANSFER_GRIDS = {"fgsm": "1..100/1000"}
_TRANSFER_GRID = "1..600/1000"


def find_robust(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the images attacked at each eps."""
    asking = _question(cell, shelf)
    runs = tuple(Trial(eps, asking.asked, asking.loss_scale) for eps in _sizes(cell))
    return (asking.recipe(Attacked(runs, asking.setup)),)


def find_swept(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the images attacked as asked, then in each way that shows masked gradients."""
    asking = _question(cell, shelf)
    eps = _sizes(cell)[-1]
    runs = [Trial(eps, asking.asked, asking.loss_scale)]
    scale = asking.loss_scale
    runs += [Trial(eps, variant.change(asking.asked), scale * variant.loss_scale) for variant in VARIANTS]
    return (asking.recipe(Attacked(tuple(runs), asking.setup)),)


def find_smallest(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the smallest eps that fools."""
    asking = _question(cell, shelf)
    asked = replace(asking.asked, is_search=True)
    grid = fractions_of(option_of(cell, "eps") or _own_grid(asked))
    is_bisected = option_of(cell, "search") == "bisect"
    return (asking.recipe(Smallest(grid, asked, asking.setup, is_bisected, asking.loss_scale)),)


def sample_robust(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return 1.0 for each image that is classified rightly untouched and attacked, else 0.0."""
    (recipe,) = recipes
    sizes, lines = _sizes(cell), _lines(recipe, memo)
    robust = _right_at(lines, _labels(cell, recipe))
    at = sizes.index(_chosen_size(cell, sizes))
    shares = [float((robust[:, 0] * robust[:, place]).mean()) for place in range(robust.shape[1])]
    scale = _loss_scale(cell, recipe, memo)
    signs = masking_facts(say_rises(sizes, shares), say_flat(lines), say_steep(scale or 0))
    facts = (*_image_facts(cell, recipe), *_accuracy_facts(sizes, shares), *_scale_facts(scale), *signs)
    return Sampled(_samples(recipe, robust[:, 0] * robust[:, at + 1]), facts)


def sample_masked(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return 1.0 for each image that the attack as asked leaves right and a way of the sweep does not, else 0.0."""
    (recipe,) = recipes
    lines = _lines(recipe, memo)
    right = _right_at(lines, _labels(cell, recipe))
    asked, sweep = right[:, 1], right[:, 2:]
    scores = asked * (1 - sweep.min(axis=1))
    told = [f"{variant.name} {share:.1%}" for variant, share in zip(VARIANTS, sweep.mean(axis=0), strict=True)]
    found = f"as asked {asked.mean():.1%}; " + ", ".join(told)
    scale, stronger = _loss_scale(cell, recipe, memo), say_stronger_way(option_of(cell, "attack"), asked, sweep)
    by_way = ("robust accuracy by way of attacking", found)
    signs = masking_facts(stronger, say_flat(lines), say_steep(scale or 0))
    facts = (*_image_facts(cell, recipe), by_way, *_scale_facts(scale), *signs)
    return Sampled(_samples(recipe, scores), facts)


def sample_smallest(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo) -> Sampled:
    """Return the smallest eps of each image; where none is found, one place beyond the grid."""
    (recipe,) = recipes
    reading = recipe.reading
    assert isinstance(reading, Smallest), "this recipe was made above"
    found = _lines(recipe, memo)[:, 0]
    beyond = _beyond(reading.grid)
    is_found = found != NOT_FOUND
    kept = np.where(is_found, np.minimum(found, beyond), beyond)
    signs = masking_facts(say_steep(_loss_scale(cell, recipe, memo) or 0))
    untouched = ("untouched", f"{(found != 0).mean():.1%}")
    facts: Pairs = (*_image_facts(cell, recipe), untouched, ("grid", _told_grid(reading)), *signs)
    if not is_found.all():
        facts = (*facts, ("not found", f"{int((~is_found).sum())} of {len(found)}, counted as {beyond:g}"))
    return Sampled(replace(_samples(recipe, kept), statistic=MEDIAN.name), facts)


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What a check asks, as the values of a reading: the recipes of the model and of a substitute, and the attack."""

    cell: Cell
    own: Recipe
    others: tuple[Recipe, ...]
    asked: Asked
    setup: Setup
    loss_scale: float

    def recipe(self, reading: Attacked | Smallest) -> Recipe:
        """Return the recipe of the chosen images."""
        rows = select(self.own.dataset, self.cell.quantity.where)
        chosen = choose_images(rows, int(option_of(self.cell, "images")), self.setup.seed)
        return replace(self.own, reading=reading, chosen=tuple(chosen.tolist()), others=self.others)


def _question(cell: Cell, shelf: Shelf) -> _Question:
    """Return what a check asks; raise what is wrong with it before an image is decoded."""
    own = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(own.dataset, metric_of(cell))
    _require_reachable(own)
    _require_labels(own)
    others = (_substitute(cell, shelf),) if option_of(cell, "substitute") else ()
    kept = kept_classes(own.dataset, cell.quantity.where)
    asked, setup = _asked(cell, is_transfer=bool(others)), _setup(cell, shelf, (own, *others), kept)
    require_sense(cell, asked, setup)
    return _Question(cell, own, others, asked, setup, float(option_of(cell, "loss_scale")))


def _require_reachable(own: Recipe) -> None:
    if own.learnt is not None and adapter_named(own.learnt.use.name).tensor_logits is None:
        raise ModelError(
            f"attacks do not reach through {own.learnt.use.name}",
            where=own.ref.text,
            expected="an adapter that gives its logits as tensors too",
        )


def _setup(cell: Cell, shelf: Shelf, recipes: Sequence[Recipe], kept: Ints | None) -> Setup:
    answers = [answers_of(recipe, kept) for recipe in recipes]
    norm: Norm = "l2" if option_of(cell, "norm") == "l2" else "linf"
    return Setup(
        norm=norm,
        space=option_of(cell, "space"),
        answers=answers[0],
        device=device_kind(shelf.settings.device),
        seed=int(option_of(cell, "seed")),
        substitute=answers[1] if len(answers) > 1 else None,
        classes=len(recipes[0].dataset.class_names) if kept is None else len(kept),
    )


def _asked(cell: Cell, *, is_transfer: bool) -> Asked:
    def whole(name: str) -> int | None:
        return int(text) if (text := option_of(cell, name)) else None

    step = option_of(cell, "step")
    return Asked(
        name=option_of(cell, "attack"),
        steps=whole("steps"),
        step=float(step) if step else None,
        restarts=whole("restarts"),
        loss=option_of(cell, "loss"),
        queries=int(option_of(cell, "queries")),
        candidates=whole("candidates") or 0,
        is_transfer=is_transfer,
    )


def _substitute(cell: Cell, shelf: Shelf) -> Recipe:
    ref = resolve_one(option_of(cell, "substitute"))
    if "has gradients" not in capabilities(ref):
        raise ModelError(f"the substitute {ref.id} has no gradients", where=cell.quantity.label)
    found = shelf.recipe(ref, cell.quantity.dataset, cell.quantity)
    _require_reachable(found)
    return found


def _require_labels(recipe: Recipe) -> None:
    """Refuse a view whose labels are others than those of the images that it shows: the attack is told the latter."""
    if not np.array_equal(recipe.images.labels[recipe.rows], recipe.dataset.labels):
        raise DataError(
            f"an attack cannot be told the classes of {recipe.dataset.name}",
            where=recipe.dataset.name,
            expected=f"the classes of {recipe.images.name}, whose images it shows",
        )


def _sizes(cell: Cell) -> tuple[Fraction, ...]:
    return fractions_of(option_of(cell, "eps"))


def _chosen_size(cell: Cell, sizes: Sequence[Fraction]) -> Fraction:
    """Return the eps whose accuracy is the value: the one named, else the largest."""
    at = option_of(cell, "at")
    return Fraction(at) if at else sizes[-1]


def _own_grid(asked: Asked) -> str:
    if asked.is_transfer:
        return _TRANSFER_GRIDS.get(asked.name, _TRANSFER_GRID)
    return _GRIDS.get(asked.name, _WHITE_GRID)


def _beyond(grid: Sequence[Fraction]) -> float:
    """Return one place beyond a grid: as far from its last value as that is from the one before."""
    return float(2 * grid[-1] - (grid[-2] if len(grid) > 1 else 0))


def _lines(recipe: Recipe, memo: Memo) -> Floats:
    return np.asarray(memo.rows(recipe.outputs).take(np.arange(len(recipe.chosen))), dtype=np.float64)


def _labels(cell: Cell, recipe: Recipe) -> Ints:
    """Return the labels of the chosen samples, counted among the classes that compete."""
    labels = recipe.dataset.labels[list(recipe.chosen)]
    kept = kept_classes(recipe.dataset, cell.quantity.where)
    return labels if kept is None else among_kept(labels, kept, len(recipe.dataset.class_names))


def _right_at(lines: Floats, labels: Ints) -> Floats:
    """Return which images (n, 1 + runs) are classified rightly: untouched, then after each run."""
    return np.asarray(lines[:, :, 0] == labels[:, None], dtype=np.float64)


def _samples(recipe: Recipe, scores: Floats) -> Samples:
    rows = list(recipe.chosen)
    return Samples(recipe.dataset.ids[rows], scores, recipe.dataset.labels[rows])


def _image_facts(cell: Cell, recipe: Recipe) -> Pairs:
    drawn = f"{len(recipe.chosen):,} of {len(recipe.dataset):,}"
    facts: Pairs = (("images attacked", f"{drawn}, chosen with seed {option_of(cell, 'seed')}"),)
    if recipe.encoder.precision != "fp32":
        facts = (*facts, ("attacked in", f"float32, though the run is in {recipe.encoder.precision}"))
    return facts


def _accuracy_facts(sizes: Sequence[Fraction], shares: Sequence[float]) -> Pairs:
    """Say the accuracy untouched and at every eps."""
    told = ", ".join(f"{share:.1%} at {eps}" for eps, share in zip(sizes, shares[1:], strict=True))
    return ("untouched", f"{shares[0]:.1%}"), ("robust accuracy by eps", told)


def _loss_scale(cell: Cell, recipe: Recipe, memo: Memo) -> float | None:
    """Return what cosines are multiplied with where an attack climbs cross-entropy; None where that is no matter."""
    kind = ATTACKS[option_of(cell, "attack")]
    if recipe.head is None or not kind.climbs_loss or option_of(cell, "loss") != "ce":
        return None
    return memo.head(recipe.head).logit_scale * float(option_of(cell, "loss_scale"))


def _scale_facts(scale: float | None) -> Pairs:
    return () if scale is None else (("logit scale in the loss", f"{scale:.3g}"),)


def _told_grid(reading: Smallest) -> str:
    how = "halved" if reading.is_bisected else "tried from below"
    if ATTACKS[reading.asked.name].is_minimal:
        return "none: the distance of the nearest point that was found"
    return f"{len(reading.grid)} sizes from {reading.grid[0]} to {reading.grid[-1]}, {how}"
