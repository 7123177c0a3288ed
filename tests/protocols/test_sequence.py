from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustcheck.errors import DataError, RecordError
from robustcheck.protocols.sequence.flips import (
    UNVERIFIED,
    PerturbedSubset,
    flip_rates,
    flip_reference,
    read_baseline,
    sequence_values,
    top5_classes,
    top5_distances,
)
from robustcheck.stats.statistics import value_of

PREDICTED = np.array([1, 1, 2, 1, 0, 0, 0, 3])
TWO = [np.arange(4), np.arange(4, 8)]
LOGITS = np.array(
    [
        [8, 7, 6, 5, 4, 3, 2, 1],
        [7, 8, 6, 5, 4, 3, 2, 1],
        [7, 8, 6, 5, 3, 4, 2, 1],
        [1, 2, 3, 4, 5, 6, 7, 8],
    ],
    dtype=np.float64,
)


def test_protocols_9_flip_toy() -> None:
    assert flip_rates(PREDICTED, TWO, "previous").mean() == pytest.approx(0.5, abs=1e-15)
    assert flip_rates(PREDICTED, TWO, "first").mean() == pytest.approx(1 / 3, abs=1e-15)


def test_protocols_9_top5_toy() -> None:
    top5 = top5_classes(LOGITS)
    assert top5_distances(top5, [np.arange(4)], "previous").tolist() == [6.0]
    assert top5_distances(top5, [np.arange(4)], "first")[0] == pytest.approx(6.3333333333, abs=1e-9)


def full_ranking_distance(now: np.ndarray, reference: np.ndarray) -> float:
    """Compute d = sum_i |(i - 1) - min(sigma(i) - 1, 5)| from the full ranking of both frames."""
    rank = np.empty(len(now), dtype=int)
    rank[np.argsort(-now, kind="stable")] = np.arange(len(now))
    order = np.argsort(-reference, kind="stable")[:5]
    return float(sum(abs(i - min(rank[order[i]], 5)) for i in range(5)))


@pytest.mark.parametrize("reference", ["previous", "first"])
def test_protocols_9_top5_equals_the_full_ranking(reference: str) -> None:
    """As section 9 checked the definition on random permutations, frames tied in places included."""
    rng = np.random.default_rng(0)
    logits = rng.integers(0, 30, (500, 12)).astype(np.float64)
    expected = [
        full_ranking_distance(logits[row], logits[row - 1 if reference == "previous" else 0]) for row in range(1, 500)
    ]
    found = top5_distances(top5_classes(logits), [np.arange(500)], reference)  # type: ignore[arg-type]
    assert found[0] == pytest.approx(np.mean(expected), abs=1e-12)


def test_rows_follow_the_frames_and_not_the_storage() -> None:
    assert flip_rates(np.array([5, 4, 5]), [np.array([0, 2, 1])], "previous").tolist() == [0.5]


def test_protocols_9_noise_is_compared_with_the_first_frame() -> None:
    assert [flip_reference(name) for name in ("gaussian_noise", "shot_noise", "snow", "tilt")] == [
        "first",
        "first",
        "previous",
        "previous",
    ]


def test_the_mean_is_over_videos_then_over_perturbations() -> None:
    subsets = [
        PerturbedSubset("rotate", np.array(["a", "b"]), np.array([0.2, 0.4])),
        PerturbedSubset("tilt", np.array(["b"]), np.array([0.6])),
    ]
    columns = sequence_values(subsets)
    assert value_of(columns) == pytest.approx((0.3 + 0.6) / 2, abs=1e-12)
    assert (columns.groups.tolist(), columns.clusters.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert columns.ids.tolist() == ["rotate/a", "rotate/b", "tilt/b"]
    normalised = sequence_values(subsets, {"rotate": 0.1, "tilt": 0.3})
    assert value_of(normalised) == pytest.approx((3.0 + 2.0) / 2, abs=1e-12)


def test_a_baseline_table_can_be_edited(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("# mine\nperturbation,flip_rate\nrotate, 0.131\n\ntilt,0.0705\n")
    assert dict(read_baseline(table)) == {"rotate": 0.131, "tilt": 0.0705}
    table.write_text("perturbation,flip_rate\nrotate,much\n")
    with pytest.raises(RecordError, match="not a table"):
        read_baseline(table)


def test_the_shipped_baseline_says_that_it_is_unverified() -> None:
    assert UNVERIFIED.read_text().startswith("# UNVERIFIED")
    table = read_baseline(UNVERIFIED)
    assert len(table) == 10
    assert table["gaussian_noise"] == 0.2365


def test_a_perturbation_without_a_baseline_is_an_error() -> None:
    subsets = [PerturbedSubset("rotate", np.array(["a"]), np.array([0.2]))]
    with pytest.raises(DataError, match="no positive value for 'rotate'"):
        sequence_values(subsets, {"tilt": 0.1})


def test_no_data_is_never_a_score() -> None:
    with pytest.raises(DataError, match="no sequences"):
        sequence_values([])
    with pytest.raises(DataError, match="1 of 1 sequences have fewer than two frames"):
        flip_rates(np.array([1]), [np.array([0])], "previous")
    with pytest.raises(DataError, match="at least 5 classes"):
        top5_distances(top5_classes(np.zeros((3, 4))), [np.arange(3)], "first")
