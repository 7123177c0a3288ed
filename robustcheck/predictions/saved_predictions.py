"""What saved predictions are, whatever file they came from, and what must hold of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.listing import name_first

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strings = npt.NDArray[np.str_]
Kind = Literal["logits", "probabilities", "classes"]

NO_CLASS = -1
# Four written decimals of a thousand classes lose up to 0.05 together, but in practice 0.001.
_SUM_TOLERANCE = 2e-3
# Of equal classes the first is the answer. A few ties happen; more are numbers too small for the format they are in.
_MOST_ALIKE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The saved outputs of one model on one data set, in the order of the file.

    ``values`` are logits or probabilities (n, C) float64, or best classes (n,) int64 (-1: it named none);
    ``confidence`` (n,) is the probability of the best class, where only that is known. Classes and labels
    count ``class_names``; where that is None they count the classes of the data set. ``numbers`` says how the
    classes are written where they are numbers in a file that does not tell numbers from texts: they may be names.
    """

    ids: Strings
    kind: Kind
    values: Floats | Ints
    confidence: Floats | None
    labels: Ints | None
    class_names: tuple[str, ...] | None
    groups: Mapping[str, Strings] = field(default_factory=dict)
    digest: str = ""
    path: Path = Path()
    numbers: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)


def check_predictions(predictions: Predictions) -> Predictions:
    """Return predictions that hold together by themselves, or raise DataError saying which do not."""
    if not len(predictions):
        raise DataError("no predictions", where=str(predictions.path), expected="at least one sample")
    _check_unique(predictions)
    _check_values(predictions)
    if predictions.confidence is not None:
        wrong = ~((predictions.confidence >= 0) & (predictions.confidence <= 1))
        refuse(predictions, wrong, "have a confidence outside [0, 1]", "probabilities, not percentages or logits")
    return predictions


def refuse(predictions: Predictions, wrong: npt.NDArray[np.bool_], found: str, expected: str) -> None:
    """Raise DataError that counts the wrong samples and names the first, if there are any."""
    if wrong.any():
        ids = predictions.ids[wrong].tolist()
        raise DataError(
            f"{len(ids)} of {len(wrong)} samples {found}: {name_first(ids, 3)}",
            where=str(predictions.path),
            expected=expected,
        )


def _check_unique(predictions: Predictions) -> None:
    _, first, counts = np.unique(predictions.ids, return_index=True, return_counts=True)
    twice = predictions.ids[np.sort(first[counts > 1])].tolist()
    if twice:
        raise DataError(
            f"{len(twice)} ids occur more than once: {name_first(twice, 3)}",
            where=str(predictions.path),
            expected="one prediction a sample",
        )


def looks_like_softmax(predictions: Predictions) -> bool:
    """Tell whether logits may be probabilities: none is below 0, and rows sum to 1, not all as a one."""
    values: Any = predictions.values
    if predictions.kind != "logits" or values.shape[1] < 2 or (values < 0).any():
        return False
    return bool((np.abs(values.sum(axis=1) - 1) <= _SUM_TOLERANCE).all() and (values % 1 > 0).any())


def _check_values(predictions: Predictions) -> None:
    values: Any = predictions.values
    if predictions.kind == "classes":
        return
    bad = ~np.isfinite(values).all(axis=1)
    refuse(predictions, bad, f"have NaN or infinite {predictions.kind}", "finite numbers")
    if predictions.kind == "probabilities":
        outside = (values < 0).any(axis=1) | (values > 1).any(axis=1)
        refuse(predictions, outside, "have a probability outside [0, 1]", "probabilities; call logits logit_NAME")
        off = np.abs(values.sum(axis=1) - 1) > _SUM_TOLERANCE
        refuse(predictions, off, "have probabilities that do not sum to 1", "the softmax over all classes")
    if values.shape[1] > 1 and (alike := (values == values[:, :1]).all(axis=1)).mean() > _MOST_ALIKE:
        refuse(predictions, alike, f"have equal {predictions.kind} for all classes", "numbers that tell classes apart")
