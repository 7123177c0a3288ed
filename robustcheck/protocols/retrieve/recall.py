"""Retrieval metrics on similarities between captions and images, each built of one rank per query.

Shapes: similarity (m, n) of m captions and n images; owners (m,) the image that each caption describes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def image_ranks(similarity: npt.ArrayLike, owners: npt.ArrayLike) -> Ints:
    """Return the rank of each caption's own image among all images, 0 for the best; shape (m,).

    rank_t = #{i: s_ti > s_to} + #{i < o: s_ti = s_to}, o the owner: ties go to the lowest index, as in a
    stable sort. Raises DataError on NaN, wrong shapes and owners outside [0, n).
    Source: PROTOCOLS section 7; CLIP_benchmark, zeroshot_retrieval.

    >>> image_ranks([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5]], [0, 0, 1]).tolist()
    [0, 0, 1]
    """
    scores, rows = _validate(similarity, owners)
    own = np.take_along_axis(scores, rows[:, None], axis=1)
    before = np.arange(scores.shape[1])[None, :] < rows[:, None]
    return np.asarray((scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1), dtype=np.int64)


def text_ranks(similarity: npt.ArrayLike, owners: npt.ArrayLike) -> Ints:
    """Return the rank of each image's best own caption among all captions, 0 for the best; shape (n,).

    With t* the first of the image's captions that are most similar to it:
    rank_i = #{t: s_ti > s_t*i} + #{t < t*: s_ti = s_t*i}. Raises DataError as ``image_ranks``, and for an
    image without a caption. Source: PROTOCOLS section 7; CLIP_benchmark, zeroshot_retrieval.

    >>> text_ranks([[0.1, 0.9], [0.5, 0.8], [0.7, 0.8]], [0, 0, 1]).tolist()
    [1, 2]
    """
    scores, rows = _validate(similarity, owners)
    return best_ranks(scores, rows[:, None] == np.arange(scores.shape[1])[None, :])


def best_ranks(scores: Floats, own: npt.NDArray[np.bool_]) -> Ints:
    """Return for each column the rank of the best of its own rows; scores, own: (m, n)."""
    if not own.any(axis=0).all():
        raise DataError(f"{int((~own.any(axis=0)).sum())} images have no caption", expected="at least one each")
    best = np.where(own, scores, -np.inf).max(axis=0)
    first = (own & (scores == best)).argmax(axis=0)
    before = np.arange(len(scores))[:, None] < first[None, :]
    return np.asarray((scores > best).sum(axis=0) + ((scores == best) & before).sum(axis=0), dtype=np.int64)


def recall_at_k(ranks: npt.ArrayLike, k: int) -> float:
    """Return the share of queries that find one of their own among the k best.

    Formula: mean_q [rank_q < k]: a hit or not, so for text retrieval not the recall of the information
    sciences (five captions, one found: 1, not 0.2). Range: [0, 1]. Raises DataError when there is no query.
    Source: PROTOCOLS section 7; CLIP_benchmark, zeroshot_retrieval.

    >>> recall_at_k([0, 3, 7, 1], 2)
    0.5
    """
    return float(recall_hits(ranks, k).mean())


def recall_hits(ranks: npt.ArrayLike, k: int) -> Floats:
    """Return 1.0 for each query that finds one of its own among the k best, else 0.0."""
    found = np.asarray(ranks)
    if not found.size or k < 1:
        raise DataError(f"{found.size} queries and k = {k}", expected="at least one query, and k of 1 or more")
    return (found < k).astype(np.float64)


def _validate(similarity: npt.ArrayLike, owners: npt.ArrayLike) -> tuple[Floats, Ints]:
    scores, rows = np.asarray(similarity, dtype=np.float64), np.asarray(owners)
    if scores.ndim != 2 or rows.shape != scores.shape[:1] or not scores.size:
        raise DataError(f"similarity {scores.shape} and owners {rows.shape}", expected="shapes (m, n) and (m,)")
    if not np.issubdtype(rows.dtype, np.integer) or rows.min() < 0 or rows.max() >= scores.shape[1]:
        raise DataError("owners that are no images", expected=f"whole numbers in [0, {scores.shape[1]})")
    if np.isnan(scores).any():
        raise DataError(f"NaN in the similarities of {int(np.isnan(scores).any(axis=1).sum())} captions")
    return scores, rows.astype(np.int64)
