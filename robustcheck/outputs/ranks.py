"""Classification metrics on logits, each built of one score per sample.

Shapes: logits (n, C), labels (n,) in [0, C). The unit of every value is a fraction in [0, 1].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError
from robustcheck.metrics.registry import metric_facts

Logits = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Hits = npt.NDArray[np.float64]

_TOP_K = {"top1": 1, "mean_per_class_recall": 1, "top5": 5}


def top1(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the share of samples whose largest logit is that of their label.

    Formula: mean_i [argmax_c z_ic = y_i]; ties go to the lowest class index. Range: [0, 1].
    Raises DataError on NaN, on a label outside [0, C), and when there are no samples.
    Source: PROTOCOLS section 1; sklearn.metrics.accuracy_score.

    >>> top1([[2.0, 1.0], [0.0, 1.0], [3.0, 3.0]], [0, 0, 0]) == 2 / 3
    True
    """
    return float(sample_scores("top1", logits, labels).mean())


def top5(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the share of samples whose label is among their five largest logits.

    Formula: mean_i [rank_i(y_i) < 5], rank as in ``label_ranks``; with fewer than five classes it is 1.
    Range: [0, 1]. Raises DataError as ``top1``. Source: sklearn.metrics.top_k_accuracy_score.

    >>> top5([[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]] * 2, [4, 5])
    0.5
    """
    return float(sample_scores("top5", logits, labels).mean())


def mean_per_class_recall(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the unweighted mean, over the classes that have samples, of their top-1.

    Formula: (1/|Y|) sum_{c in Y} mean_{i: y_i = c} [argmax_c z_ic = c], Y the labels present. Range: [0, 1].
    Raises DataError as ``top1``. Source: sklearn.metrics.balanced_accuracy_score (CLIP_benchmark uses it).

    >>> mean_per_class_recall([[2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [0.0, 1.0]], [0, 0, 1, 1])
    0.75
    """
    hits = sample_scores("mean_per_class_recall", logits, labels)
    present, index = np.unique(np.asarray(labels), return_inverse=True)
    sums = np.bincount(index, weights=hits, minlength=len(present))
    return float((sums / np.bincount(index, minlength=len(present))).mean())


def sample_scores(metric: str, logits: npt.ArrayLike, labels: npt.ArrayLike) -> Hits:
    """Return the score of each sample under a metric, in the order of the samples; shape (n,)."""
    return rank_scores(metric, label_ranks(logits, labels))


def label_ranks(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Labels:
    """Return the rank of each label in its row of logits, 0 for the best; shape (n,).

    rank_i = #{c: z_ic > z_iy} + #{c < y: z_ic = z_iy}. So ties go to the lowest index exactly as in
    argmax, which a partial sort (``topk``) does not promise.

    >>> label_ranks([[1.0, 3.0, 3.0]] * 3, [0, 1, 2]).tolist()
    [2, 0, 1]
    """
    scores, targets = _validate(logits, labels)
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    lower_index = np.arange(scores.shape[1])[None, :] < targets[:, None]
    ranks = (scores > own).sum(axis=1) + ((scores == own) & lower_index).sum(axis=1)
    return np.asarray(ranks, dtype=np.int64)


def rank_scores(metric: str, ranks: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Hits:
    """Return the score of each sample from the rank of its label: 1.0 within the metric's k, else 0.0."""
    metric_facts(metric)
    return (ranks < _TOP_K[metric]).astype(np.float64)


def _validate(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Logits, Labels]:
    scores, targets = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if scores.ndim != 2 or targets.shape != scores.shape[:1]:
        raise DataError(f"logits {scores.shape} and labels {targets.shape}", expected="shapes (n, C) and (n,)")
    if not len(targets):
        raise DataError("no samples", expected="at least one sample: no data is never a score")
    if not np.issubdtype(targets.dtype, np.integer):
        raise DataError(f"labels of type {targets.dtype}", expected="whole numbers")
    if targets.min() < 0 or targets.max() >= scores.shape[1]:
        raise DataError(f"labels from {targets.min()} to {targets.max()}", expected=f"labels in [0, {scores.shape[1]})")
    if np.isnan(scores).any():
        raise DataError(f"NaN in the logits of {int(np.isnan(scores).any(axis=1).sum())} samples")
    return scores, targets.astype(np.int64)
