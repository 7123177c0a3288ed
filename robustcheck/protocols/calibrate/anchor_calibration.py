"""Calibration on a video set: of its anchor frames alone, each of which may have several right classes.

An answer is right where any accepted class is the best one, and the likelihood of being right is the sum of theirs:
-log sum_{c accepted} p_c. Frames around an anchor show nearly the same picture, so they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import pm_sets
from robustcheck.errors import DataError
from robustcheck.measure.memo import Memo
from robustcheck.measure.metric import option_of
from robustcheck.measure.recipe import Recipe
from robustcheck.measure.saved import readout_of
from robustcheck.measure.summaries import Slice
from robustcheck.outputs.summary import COLUMNS, Summary, summarise
from robustcheck.values import Cell

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """The anchor frames of a video set as samples, and the video (m,) of each."""

    part: Slice
    videos: Ints


def summarise_anchors(recipe: Recipe, memo: Memo, temperature: float) -> Anchors:
    """Return the anchors of a video set with the summary of their logits over a temperature."""
    sets = pm_sets(recipe.dataset, None)
    logits = readout_of(recipe, memo).logits(sets.anchors) / temperature
    part = Slice(
        sets.anchors,
        recipe.dataset.ids[sets.anchors],
        recipe.dataset.labels[sets.anchors],
        summarise_accepted(logits, sets.accepted),
    )
    return Anchors(part, sets.videos)


def summarise_accepted(logits: Floats, accepted: Bools) -> Summary:
    """Return the summary of logits (m, C) where ``accepted`` (m, C) are the right classes; one of none has no chance.

    >>> found = summarise_accepted(np.log([[0.5, 0.3, 0.2]]), np.array([[False, True, True]]))
    >>> float(found.correct[0]), round(float(np.exp(found.column("label_logit")[0])), 6)
    (0.0, 0.5)
    """
    table = summarise(logits, None).table.copy()
    best = logits.argmax(axis=1)
    table[:, COLUMNS.index("rank")] = np.where(accepted[np.arange(len(logits)), best], 0.0, 1.0)
    with np.errstate(divide="ignore"):
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        table[:, COLUMNS.index("label_logit")] = logits.max(axis=1) + np.log((shifted * accepted).sum(axis=1))
    return Summary(table)


def require_plain(cell: Cell) -> None:
    """Raise DataError for what has no meaning on anchors: slices, and a temperature that is fitted on them."""
    if cell.quantity.where:
        raise DataError(
            f"{cell.quantity.metric} is over all anchors", where=cell.quantity.label, fix="leave `where` out"
        )
    temperature = option_of(cell, "temperature")
    if temperature == "oracle" or (temperature == "fitted" and not option_of(cell, "fitted_on")):
        raise DataError(
            "anchors of several right classes fit no temperature",
            where=cell.quantity.label,
            expected="temperature: none, or one that is fitted elsewhere",
            fix="options: {temperature: fitted, fitted_on: imagenet-val}",
        )
