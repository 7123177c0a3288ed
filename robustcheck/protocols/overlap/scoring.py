"""Data overlap: test images that have near-duplicates in a reference set (PROTOCOLS section 12).

A detector (a perceptual hash, or the model's own embeddings) finds the nearest reference image of each test
image. The similarity that counts as a duplicate is calibrated on duplicates made of the test images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.measure.learnt_recipes import embedding_of
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.parts import Derived
from robustcheck.measure.readout import features_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_slice
from robustcheck.models.kind import capabilities
from robustcheck.numerals import write_p
from robustcheck.protocols.overlap.duplicates import (
    Threshold,
    calibrate_threshold,
    gap_weights,
    nearest_other,
    nearest_reference,
    overlap_statistics,
)
from robustcheck.protocols.scoring import require_task
from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.store import Stored, content_key
from robustcheck.values import Cell, ModelRef, Pairs, Quantity, Samples

Bools = npt.NDArray[np.bool_]
# What a metric makes of the images, given which of them overlap.
Score = Callable[[Cell, Slice, Bools], Samples]

HASHES = {
    "phash": ModelRef("phash", "phash", "phash", architecture="8"),
    "phash-256": ModelRef("phash-256", "phash-256", "phash", architecture="16"),
}

_TESTS = ("binomial", "Fisher")


@dataclass(frozen=True, slots=True, eq=False)
class _Overlap:
    """Which test images have a duplicate, and how that was decided."""

    found: Bools
    threshold: Threshold


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the model's recipe, then the detector's on the test, made-duplicate and reference images."""
    own = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(own.dataset, metric_of(cell))
    reference = option_of(cell, "reference")
    if not reference:
        raise DataError(
            "overlap with what?", where=cell.quantity.label, fix="name a data set: options: {reference: shapes-train}"
        )
    if cell.quantity.where or cell.quantity.transform:
        raise DataError("overlap is of a whole data set with another", where=cell.quantity.label)
    detector = _detector(cell).encoder
    plain = Quantity(cell.quantity.metric, cell.quantity.dataset)
    made = replace(plain, transform=f"near_duplicate:{option_of(cell, 'strength')}")
    asked = ((own.dataset, plain), (own.dataset, made), (shelf.dataset(reference), plain))
    found = (shelf.recipe_with(detector, dataset, quantity, None) for dataset, quantity in asked)
    return (own, *(replace(recipe, reading=embedding_of(detector)) for recipe in found))


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, score: Score) -> Sampled:
    """Return what ``score`` makes of the images, given which of them overlap."""
    own, *detection = recipes
    found = read_slice(own, memo)
    overlap = _as_overlap(memo.get(overlap_part(detection, float(option_of(cell, "precision")))))
    chosen = score(cell, found, overlap.found)
    # Without a clean image there is nothing to hold the others against; the share is a result all the same.
    tests = () if overlap.found.all() else _tests(found, overlap.found)
    return Sampled(chosen, (*_calibration(overlap), *tests))


def overlap_share(cell: Cell, found: Slice, inside: Bools) -> Samples:
    """Return whether each image overlaps."""
    return Samples(found.ids, inside.astype(np.float64), found.labels)


def overlap_gap(cell: Cell, found: Slice, inside: Bools) -> Samples:
    """Return the hits on all images, weighted so that their sum is the accuracy on all less that on the clean ones.

    Without overlap the gap is 0, and as sure as a share of 0 in n is: what was not seen may overlap.
    """
    if not inside.any():
        return Samples(found.ids, np.zeros(inside.size), found.labels)
    weights = gap_weights(inside)
    return Samples(found.ids, found.summary.correct, inside.astype(np.int64), WEIGHTED_SUM.name, weights=weights)


def overlap_accuracy(cell: Cell, found: Slice, inside: Bools) -> Samples:
    """Return the hits on the images that overlap."""
    if not inside.any():
        raise DataError("no image has a near-duplicate in the reference set", where=cell.quantity.label)
    return _hits(found, inside)


def clean_accuracy(cell: Cell, found: Slice, inside: Bools) -> Samples:
    """Return the hits on the images that do not overlap."""
    if inside.all():
        raise DataError("every image has a near-duplicate in the reference set", where=cell.quantity.label)
    return _hits(found, ~inside)


def _hits(found: Slice, kept: Bools) -> Samples:
    return Samples(found.ids[kept], found.summary.correct[kept], found.labels[kept])


def _detector(cell: Cell) -> ModelRef:
    named = option_of(cell, "detector")
    if named in HASHES:
        return HASHES[named]
    if "embeds images" not in capabilities(cell.model):
        raise DataError(f"{cell.model.id} gives no embeddings to compare", fix="use detector: phash")
    return cell.model


def overlap_part(detection: Sequence[Recipe], precision: float) -> Derived:
    """Return the part that says which test images have a duplicate, and how that was decided."""
    key = content_key({"overlap": [recipe.key for recipe in detection], "precision": precision})

    def make(memo: Memo) -> Stored:
        images, made, others = (features_of(recipe, memo) for recipe in detection)
        positive = (images.astype(np.float64) * made).sum(axis=1)
        threshold = calibrate_threshold(positive, nearest_other(images).cosines, precision)
        inside = nearest_reference(images, others).cosines >= threshold.value
        facts = {"value": threshold.value, "precision": threshold.precision, "recall": threshold.recall}
        return Stored(inside, {**facts, "reference": detection[-1].dataset.name})

    return Derived("overlaps", key, tuple(recipe.outputs for recipe in detection), make)


def _as_overlap(stored: Stored) -> _Overlap:
    facts = stored.facts
    return _Overlap(stored.array, Threshold(facts["value"], facts["precision"], facts["recall"]))


def _calibration(overlap: _Overlap) -> Pairs:
    threshold = overlap.threshold
    quality = f"precision {threshold.precision:.3f}, recall {threshold.recall:.3f} on made duplicates"
    return (
        ("overlap", f"{int(overlap.found.sum()):,} of {len(overlap.found):,} images"),
        ("duplicate from", f"cosine {threshold.value:.4f} ({quality})"),
    )


def _tests(found: Slice, inside: Bools) -> Pairs:
    statistics = overlap_statistics(found.summary.correct == 1, inside, found.labels)
    if statistics.overlap_interval is None or statistics.difference_interval is None:
        return ()
    p_values = (statistics.p_binomial, statistics.p_fisher)
    low, high = statistics.overlap_interval
    below, above = statistics.difference_interval
    matched = statistics.matched_difference
    return (
        ("accuracy on overlap", f"{statistics.overlap_accuracy:.1%} (99.5% Clopper-Pearson {low:.1%} to {high:.1%})"),
        ("accuracy on clean", f"{statistics.clean_accuracy:.1%}"),
        *((f"one-sided {name} p", write_p(p, 3)) for name, p in zip(_TESTS, p_values, strict=True) if p is not None),
        ("overlap - clean", f"{below:+.1%} to {above:+.1%} (Newcombe 95%)"),
        ("the same, matched on class", "no class has both" if matched is None else f"{matched:+.1%}"),
    )
