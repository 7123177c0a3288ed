"""A summary: what every metric of classification, calibration and detection needs to know of a sample.

Outputs are large (50,000 x 1,000 logits); of each sample a handful of numbers is enough for all of these
metrics, so that judging again reads a thousandth. With z the logits and p = softmax(z):

predicted    argmax z, ties to the lowest index
rank         of the label, 0 for the best: #{c: z_c > z_y} + #{c < y: z_c = z_y}
max_logit    max z
logsumexp    log sum exp z; confidence is exp(max_logit - logsumexp)
label_logit  z_y; NLL is logsumexp - label_logit
entropy      -sum p log p
square_sum   sum p^2; Brier is square_sum - 2 p_y + 1
mcm          max cos - logsumexp(cos): the logarithm of MCM at T = 1 on raw cosines

A number that cannot be known (no label, no cosines, saved predictions without logits) is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.outputs.ranks import label_ranks

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COLUMNS = ("predicted", "rank", "max_logit", "logsumexp", "label_logit", "entropy", "square_sum", "mcm")


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """One row a sample, one column a fact; table: (n, len(COLUMNS)) float64."""

    table: Floats

    def column(self, name: str, metric: str = "") -> Floats:
        """Return a column (n,); raise DataError where any sample lacks it."""
        values: Floats = self.table[:, COLUMNS.index(name)]
        if np.isnan(values).any():
            raise DataError(
                f"{metric or 'the metric'} needs {_MEANING[name]}, which {int(np.isnan(values).sum())} samples lack"
            )
        return values

    def predicted(self, metric: str) -> Ints:
        """Return the predicted class of each sample (n,); raise DataError where any sample lacks one."""
        return self.column("predicted", metric).astype(np.int64)

    @property
    def columns(self) -> Mapping[str, Floats]:
        """Return every column by name, NaN where it is not known."""
        return dict(zip(COLUMNS, self.table.T, strict=True))

    def rows(self, rows: Ints) -> Summary:
        """Return the summary of some samples."""
        return Summary(self.table[rows])

    @property
    def confidence(self) -> Floats:
        """Return the largest softmax probability of each sample (n,)."""
        return np.asarray(np.exp(self.column("max_logit") - self.column("logsumexp")))

    @property
    def correct(self) -> Floats:
        """Return 1.0 where the best class is the label's, else 0.0 (n,)."""
        return np.asarray(self.column("rank") == 0, dtype=np.float64)


_MEANING = {
    "predicted": "a predicted class",
    "rank": "the rank of the label (logits, and a label among the classes)",
    "max_logit": "logits or a confidence",
    "logsumexp": "logits or a confidence",
    "label_logit": "logits and a label",
    "entropy": "logits or probabilities",
    "square_sum": "logits or probabilities",
    "mcm": "cosines between images and texts (a zero-shot model)",
}


def summarise(logits: Floats, labels: Ints | None, cosines: Floats | None = None) -> Summary:
    """Return the summary of logits (n, C), labels (n,) or None, and cosines (n, C) or None.

    >>> summarise(np.array([[2.0, 1.0, 0.0]]), np.array([1])).table[0, :3].tolist()
    [0.0, 1.0, 2.0]
    """
    unknown = np.full(len(logits), np.nan)
    normaliser = _logsumexp(logits)
    log_p = logits - normaliser[:, None]
    p = np.exp(log_p)
    columns: Sequence[Floats] = (
        logits.argmax(axis=1).astype(np.float64),
        unknown if labels is None else label_ranks(logits, labels).astype(np.float64),
        logits.max(axis=1),
        normaliser,
        unknown if labels is None else np.take_along_axis(logits, labels[:, None], axis=1)[:, 0],
        # A class of probability zero adds nothing, while 0 * -inf would be NaN.
        -np.where(p > 0, p * np.where(p > 0, log_p, 0.0), 0.0).sum(axis=1),
        (p * p).sum(axis=1),
        unknown if cosines is None else cosines.max(axis=1) - _logsumexp(cosines),
    )
    return Summary(np.column_stack(columns))


def _logsumexp(values: Floats) -> Floats:
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))
