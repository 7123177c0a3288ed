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


def best_ranks(scores: Floats, own: npt.NDArray[np.bool_]) -> Ints:
    """Return for each column the rank of the best of its own rows; scores, own: (m, n)."""
    if not own.any(axis=0).all():
        raise DataError(f"{int((~own.any(axis=0)).sum())} images have no caption", expected="at least one each")
    best = np.where(own, scores, -np.inf).max(axis=0)
    first = (own & (scores == best)).argmax(axis=0)
    before = np.arange(len(scores))[:, None] < first[None, :]
    return np.asarray((scores > best).sum(axis=0) + ((scores == best) & before).sum(axis=0), dtype=np.int64)


def _validate(similarity: npt.ArrayLike, owners: npt.ArrayLike) -> tuple[Floats, Ints]:
    scores, rows = np.asarray(similarity, dtype=np.float64), np.asarray(owners)
    if scores.ndim != 2 or rows.shape != scores.shape[:1] or not scores.size:
        raise DataError(f"similarity {scores.shape} and owners {rows.shape}", expected="shapes (m, n) and (m,)")
    if not np.issubdtype(rows.dtype, np.integer) or rows.min() < 0 or rows.max() >= scores.shape[1]:
        raise DataError("owners that are not images", expected=f"whole numbers in [0, {scores.shape[1]})")
    if np.isnan(scores).any():
        raise DataError(f"NaN in the similarities of {int(np.isnan(scores).any(axis=1).sum())} captions")
    return scores, rows.astype(np.int64)
