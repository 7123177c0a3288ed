from __future__ import annotations

import numpy as np
import pytest

from robustcheck.errors import DataError
from robustcheck.protocols.video.anchor_frames import pm0_hits, pm_k_hits


def labels(*sets: set[int], classes: int = 4) -> np.ndarray:
    return np.array([[column in accepted for column in range(classes)] for accepted in sets], dtype=bool)


def test_protocols_9_multi_label_anchor_is_right_with_any_of_its_labels() -> None:
    predicted = np.array([0, 1, 2])
    hits = pm0_hits(predicted, np.array([0, 1, 2]), labels({0, 3}, {0, 3}, {2}))
    assert hits.tolist() == [1.0, 0.0, 1.0]


def test_protocols_9_pm_k_needs_the_anchor_and_every_frame() -> None:
    #   anchor 0: frames 3, 4 both right; anchor 1: frame 5 wrong; anchor 2: wrong itself, frame right
    predicted = np.array([0, 1, 3, 0, 0, 2, 2])
    anchors, accepted = np.array([0, 1, 2]), labels({0}, {1}, {2})
    frames, owners = np.array([3, 4, 5, 6]), np.array([0, 0, 1, 2])
    own = labels({0}, {0}, {1}, {2})
    assert pm0_hits(predicted, anchors, accepted).tolist() == [1.0, 1.0, 0.0]
    assert pm_k_hits(predicted, anchors, accepted, frames, owners, own).tolist() == [1.0, 0.0, 0.0]


def test_protocols_9_own_labels_and_anchor_labels_differ() -> None:
    """Vid-Robust judges a frame by its own labels, YTBB-Robust by its anchor's."""
    predicted = np.array([0, 1])
    anchors, accepted = np.array([0]), labels({0})
    frames, owners = np.array([1]), np.array([0])
    assert pm_k_hits(predicted, anchors, accepted, frames, owners, labels({1})).tolist() == [1.0]
    assert pm_k_hits(predicted, anchors, accepted, frames, owners, accepted[owners]).tolist() == [0.0]


def test_protocols_9_an_anchor_without_frames_counts_as_itself() -> None:
    none = np.empty(0, dtype=np.int64)
    hits = pm_k_hits(np.array([0, 0]), np.array([0, 1]), labels({0}, {1}), none, none, np.empty((0, 4), dtype=bool))
    assert hits.tolist() == [1.0, 0.0]


def test_equals_a_plain_double_loop() -> None:
    rng = np.random.default_rng(3)
    predicted = rng.integers(0, 4, 200)
    anchors = rng.choice(200, 30, replace=False)
    accepted = rng.random((30, 4)) < 0.6
    owners = np.sort(rng.integers(0, 30, 60))
    frames = rng.integers(0, 200, 60)
    own = rng.random((60, 4)) < 0.8
    expected = [
        float(accepted[a, predicted[row]] and all(own[p, predicted[frames[p]]] for p in np.flatnonzero(owners == a)))
        for a, row in enumerate(anchors)
    ]
    assert pm_k_hits(predicted, anchors, accepted, frames, owners, own).tolist() == expected
    assert 0 < sum(expected) < 30


def test_no_anchor_is_no_score() -> None:
    none = np.empty(0, dtype=np.int64)
    with pytest.raises(DataError, match="no anchors"):
        pm0_hits(np.array([0]), none, np.empty((0, 4), dtype=bool))
    with pytest.raises(DataError, match="for 1 frames"):
        pm0_hits(np.array([0]), np.array([0]), np.ones((2, 4), dtype=bool))
