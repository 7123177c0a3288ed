"""The logits of one model on one data set, for those who want them themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, RobustcheckError
from robustcheck.measure.measuring import Bench
from robustcheck.measure.saved import readout_of
from robustcheck.values import Cell, Task

# Any metric of a task makes the same logits.
_METRICS: Mapping[Task, str] = {
    "classification": "top1",
    "typographic": "top1",
    "cue-conflict": "top1",
    "ood": "auroc",
    "video": "pm0",
    "sequences": "flip_rate",
}


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """Logits (n, K) of the classes that are scored, with the samples they are of.

    ``labels`` is None where the samples are of other classes (out of distribution).
    """

    ids: npt.NDArray[np.str_]
    values: npt.NDArray[np.float64]
    class_names: tuple[str, ...]
    labels: npt.NDArray[np.int64] | None
    groups: Mapping[str, npt.NDArray[np.str_]]


def logits_of(cell: Cell, bench: Bench) -> Logits:
    """Return the logits of a cell's model on its data set, measuring what is missing; the metric does not matter."""
    dataset = bench.shelf.dataset_for(cell.model, cell.quantity.dataset, cell.quantity)
    if dataset.task not in _METRICS:
        raise DataError(f"a {dataset.task} set has no logits", where=dataset.name, expected=", ".join(_METRICS))
    asked = replace(cell, quantity=replace(cell.quantity, metric=_METRICS[dataset.task]))
    found = bench.measure(asked)
    if isinstance(found, RobustcheckError):
        raise found
    recipe, *others = bench.recipes(asked)
    assert recipe.classes is not None, "every task above is of classes"
    values = readout_of(recipe, bench.memo).logits(np.arange(len(dataset)))
    # Out of distribution, the classes are those of the in-distribution set, which comes last.
    names = (others[-1] if others else recipe).dataset.class_names
    return Logits(dataset.ids, values, names, dataset.labels if recipe.labelled else None, dataset.groups)
