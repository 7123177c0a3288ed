"""pm-0 and pm-k: whether an anchor frame, and every frame near it, is classified right (PROTOCOLS section 9).

An anchor and a frame are right when the predicted class is any of their accepted labels. An anchor without
frames is pm-k right exactly when it is right itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def pm0_hits(predicted: Ints, anchors: Ints, accepted: Bools) -> Floats:
    """Return 1.0 for each anchor (m,) that is right, else 0.0.

    predicted: (n,) classes of all frames; anchors: (m,) their rows; accepted: (m, C) the labels that count.

    >>> pm0_hits(np.array([0, 1]), np.array([0, 1]), np.array([[True, False], [True, False]])).tolist()
    [1.0, 0.0]
    """
    if not len(anchors):
        raise DataError("no anchors", expected="at least one: no data is never a score")
    return _right(predicted, anchors, accepted).astype(np.float64)


def pm_k_hits(
    predicted: Ints, anchors: Ints, accepted: Bools, frames: Ints, owners: Ints, frame_accepted: Bools
) -> Floats:
    """Return 1.0 for each anchor (m,) that is right together with all its frames, else 0.0.

    frames: (p,) rows, one for each (anchor, frame) pair; owners: (p,) places among the anchors;
    frame_accepted: (p, C) the labels that count for the frame, its own or its anchor's.
    """
    hits = pm0_hits(predicted, anchors, accepted)
    wrong = ~_right(predicted, frames, frame_accepted)
    hits[owners[wrong]] = 0.0
    return hits


def _right(predicted: Ints, rows: Ints, accepted: Bools) -> Bools:
    if accepted.shape[:1] != rows.shape:
        raise DataError(f"labels {accepted.shape} for {len(rows)} frames", expected="shapes (m, C) and (m,)")
    return np.asarray(accepted[np.arange(len(rows)), predicted[rows]], dtype=np.bool_)
