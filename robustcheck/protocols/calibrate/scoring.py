"""Calibration: ECE, NLL and Brier, before and after temperature scaling (PROTOCOLS section 6).

The temperature is fitted on one half of the in-distribution set (stratified by class, seed 0) and applied
unchanged elsewhere. On the in-distribution set itself only the other half is scored, unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import kept_classes, select
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import Sampled, metric_of, option_of
from robustcheck.measure.parts import Derived
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.measure.shelf import Shelf
from robustcheck.measure.summaries import Slice, read_slice
from robustcheck.outputs.logits import among_kept
from robustcheck.outputs.summary import Summary
from robustcheck.protocols.calibrate.anchor_calibration import require_plain, summarise_anchors
from robustcheck.protocols.calibrate.temperature import Temperature, fit_temperature, stratified_halves
from robustcheck.protocols.scoring import require_task
from robustcheck.stats.means import MEAN
from robustcheck.store import Stored, content_key
from robustcheck.values import Cell, Pairs, Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# What a metric makes of the images that it scores.
Score = Callable[[Cell, Slice], Samples]


def find_recipes(cell: Cell, shelf: Shelf) -> tuple[Recipe, ...]:
    """Return the recipe of the data set, and that of the set on which the temperature is fitted."""
    own = shelf.recipe(cell.model, cell.quantity.dataset, cell.quantity)
    require_task(own.dataset, metric_of(cell))
    if own.dataset.task == "video":
        require_plain(cell)
    fitted_on = option_of(cell, "fitted_on") or own.dataset.id_dataset or cell.quantity.dataset
    if fitted_on == cell.quantity.dataset and own.transform is None:
        return (own, own)
    # The temperature belongs to clean in-distribution images, whatever it is carried over to.
    return own, shelf.recipe(cell.model, fitted_on, replace(cell.quantity, transform=None, seed=0))


def samples(cell: Cell, recipes: tuple[Recipe, ...], memo: Memo, *, score: Score) -> Sampled:
    """Return what ``score`` makes of the scored images: confidences with hits, or one loss a sample."""
    own, fitted_on = recipes
    rows = _scored_rows(cell, own, fitted_on)
    temperature, facts = _temperature(cell, recipes, rows, memo)
    if own.dataset.task == "video":
        anchors = summarise_anchors(own, memo, temperature.value)
        scored = replace(score(cell, anchors.part), clusters=anchors.videos)
        return Sampled(scored, (*facts, ("scored", f"{len(scored.ids):,} anchor frames")))
    found = read_slice(own, memo, cell.quantity.where, temperature.value)
    part = _among(rows, found)
    return Sampled(score(cell, part), (*facts, ("scored", _say_scored(cell, len(rows), len(found.rows)))))


def _among(rows: Ints, found: Slice) -> Slice:
    """Return the samples of a slice that are among some rows."""
    if np.array_equal(rows, found.rows):
        return found
    kept = np.flatnonzero(np.isin(found.rows, rows))
    return Slice(found.rows[kept], found.ids[kept], found.labels[kept], found.summary.rows(kept))


def _say_scored(cell: Cell, scored: int, among: int) -> str:
    """Say how many images were scored; values over other images must not be subtracted from each other."""
    if scored == among:
        return f"{scored:,} images"
    if option_of(cell, "temperature") == "oracle":
        return f"{scored:,} of {among:,} images: the half that temperature: fitted would score (half: all for all)"
    return f"{scored:,} of {among:,} images: the half that no temperature was fitted on"


def sample_losses(cell: Cell, part: Slice, *, loss: Callable[[Summary], Floats]) -> Samples:
    """Return one loss a sample; their mean is the value."""
    return Samples(part.ids, loss(part.summary), part.labels, MEAN.name)


def sample_confidences(cell: Cell, part: Slice) -> Samples:
    """Return the confidence of each sample, and whether it is right."""
    statistic, bins = metric_of(cell).statistic, int(option_of(cell, "bins"))
    summary = part.summary
    return Samples(part.ids, summary.confidence, part.labels, statistic.name, correct=summary.correct, bins=bins)


def sample_ranking(cell: Cell, part: Slice) -> Samples:
    """Return the confidence by which samples are ranked, and whether each is right."""
    statistic = metric_of(cell).statistic
    return Samples(part.ids, part.summary.confidence, part.labels, statistic.name, correct=part.summary.correct)


def _scored_rows(cell: Cell, own: Recipe, fitted_on: Recipe) -> Ints:
    """Return the samples to score: those whose images were not fitted on, where the two sets share images."""
    rows = select(own.dataset, cell.quantity.where)
    half = option_of(cell, "half")
    wants_test = half == "test" or (half == "auto" and option_of(cell, "temperature") != "none")
    if not wants_test or own.images.fingerprint != fitted_on.images.fingerprint:
        return rows
    calibration, _ = stratified_halves(fitted_on.dataset.labels)
    return rows[~np.isin(own.rows[rows], fitted_on.rows[calibration])]


def _temperature(cell: Cell, recipes: tuple[Recipe, ...], rows: Ints, memo: Memo) -> tuple[Temperature, Pairs]:
    own, fitted_on = recipes
    how = option_of(cell, "temperature")
    if how == "none":
        return Temperature(1.0, np.nan, np.nan, False), (("temperature", "1, not scaled"),)
    if how == "oracle":
        found = _as_temperature(memo.get(temperature_part(own, rows, kept_classes(own.dataset, cell.quantity.where))))
        return found, _told(found, f"fitted on the {len(rows):,} scored images themselves: a bound, not a result")
    calibration, _ = stratified_halves(fitted_on.dataset.labels)
    found = _as_temperature(memo.get(temperature_part(fitted_on, calibration, None)))
    return found, _told(found, f"fitted on {len(calibration):,} images of {fitted_on.dataset.name}")


def _told(found: Temperature, where: str) -> Pairs:
    bound = ", at the bound of the search" if found.at_bound else ""
    return (("temperature", f"{found.value:.4f}{bound}, {where}"),)


def temperature_part(recipe: Recipe, rows: Ints, kept: Ints | None) -> Derived:
    """Return the part that holds the temperature of these samples, fitted among the kept classes."""
    facts = {
        "recipe": recipe.key,
        "rows": content_key({"rows": rows.tolist()}),
        "kept": None if kept is None else kept.tolist(),
    }

    def make(memo: Memo) -> Stored:
        logits, labels = readout_of(recipe, memo).logits(rows), recipe.dataset.labels[rows]
        if kept is not None:
            logits, labels = logits[:, kept], among_kept(labels, kept, len(recipe.dataset.class_names))
        found = fit_temperature(logits, labels)
        record = np.array([found.value, found.nll_before, found.nll_after, float(found.at_bound)])
        return Stored(record, facts)

    return Derived("temperatures", content_key(facts), recipe.parts, make)


def _as_temperature(stored: Stored) -> Temperature:
    value, before, after, at_bound = stored.array.tolist()
    return Temperature(value, before, after, bool(at_bound))
