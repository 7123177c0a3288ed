"""Ranks of labels among logits, and which of them are hits.

Shapes: logits (n, C), labels (n,) in [0, C).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError

Logits = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Hits = npt.NDArray[np.float64]


def label_ranks(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Labels:
    """Return the rank of each label in its row of logits, 0 for the best; shape (n,).

    rank_i = #{c: z_ic > z_iy} + #{c < y: z_ic = z_iy}. So ties go to the lowest index exactly as in
    argmax, which a partial sort (``topk``) does not promise.

    >>> label_ranks([[1.0, 3.0, 3.0]] * 3, [0, 1, 2]).tolist()
    [2, 0, 1]
    """
    scores, targets = check_logits(logits, labels)
    own = np.take_along_axis(scores, targets[:, None], axis=1)
    lower_index = np.arange(scores.shape[1])[None, :] < targets[:, None]
    ranks = (scores > own).sum(axis=1) + ((scores == own) & lower_index).sum(axis=1)
    return np.asarray(ranks, dtype=np.int64)


def top_k_hits(ranks: npt.NDArray[np.int64] | npt.NDArray[np.float64], k: int) -> Hits:
    """Return 1.0 for each rank among the k best, else 0.0; shape (n,).

    Formula: [rank_i < k]; their mean is top-k accuracy, or recall at k of retrieval: a hit or not, so with several
    right answers not the recall of the information sciences (five captions, one found: 1, not 0.2). With no more
    than k classes it is 1. Raises DataError when there are no ranks.
    Source: PROTOCOLS sections 1 and 7; sklearn.metrics.top_k_accuracy_score; CLIP_benchmark, zeroshot_retrieval.

    >>> top_k_hits(np.array([0, 4, 5]), 5).tolist()
    [1.0, 1.0, 0.0]
    """
    if not ranks.size:
        raise DataError("no ranks", expected="at least one sample: no data is never a score")
    return (ranks < k).astype(np.float64)


def check_logits(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Logits, Labels]:
    """Return logits (n, C) without NaN as float64 and labels (n,) in [0, C) as int64; raise DataError for others."""
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
