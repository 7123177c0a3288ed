"""Drawn images keep their clusters and strata, and flips keep the mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robustcheck.run.redraw import Redraw, flip, take_rows
from robustcheck.values import Samples


def samples(right: np.ndarray, **columns: np.ndarray) -> Samples:
    n = right.size
    return Samples(np.arange(n).astype(str), right.astype(float), np.zeros(n, np.int64), **columns)


def draw(given: Samples, seed: int) -> Samples:
    return take_rows(given, Redraw.of(given).draw(np.random.default_rng(seed)))


def test_a_draw_has_as_many_images_with_names_of_their_own() -> None:
    drawn = draw(samples(np.arange(500) < 300), 0)
    assert drawn.ids.size == np.unique(drawn.ids).size == 500
    assert 0.5 < drawn.scores.mean() < 0.7


def test_a_draw_keeps_clusters_whole() -> None:
    """Each cluster of three has scores of its own: they stay together, and one drawn twice is two clusters."""
    clusters = np.repeat(np.arange(40), 3)
    drawn = draw(samples(clusters.astype(float), clusters=clusters), 1)
    assert drawn.clusters is not None
    assert np.unique(drawn.clusters, return_counts=True)[1].tolist() == [3] * 40
    for cluster in np.unique(drawn.clusters):
        assert np.unique(drawn.scores[drawn.clusters == cluster]).size == 1
    assert np.unique(drawn.scores).size < 40


def test_a_draw_of_unequal_clusters_has_each_whole_as_often_as_it_was_drawn() -> None:
    """Clusters of 1 to 6 rows, in no order: the rows of a drawn unit are those of one cluster, all of them once."""
    clusters = np.random.default_rng(2).permutation(np.repeat(np.arange(6), np.arange(1, 7)))
    given = replace(samples(np.arange(clusters.size)), clusters=clusters)
    drawn = draw(given, 3)
    assert drawn.clusters is not None
    assert np.unique(drawn.clusters).size == 6
    for unit in np.unique(drawn.clusters):
        rows = np.sort(drawn.scores[drawn.clusters == unit]).astype(int)
        assert rows.tolist() == np.flatnonzero(clusters == clusters[rows[0]]).tolist()


def test_a_draw_keeps_the_sizes_of_the_groups_that_a_mean_is_taken_over() -> None:
    groups = np.random.default_rng(4).permutation(np.repeat(np.arange(3), [5, 20, 50]))
    given = replace(samples(np.arange(75)), groups=groups, statistic="group_mean")
    assert np.bincount(draw(given, 5).groups).tolist() == [5, 20, 50]


@pytest.mark.parametrize("accuracy", [0.5, 0.75, 0.98])
def test_flips_are_as_many_as_declared_and_leave_the_mean_where_it_is(accuracy: float) -> None:
    """Of 200,000 answers 0.4% flip: 800 with a spread of 28, and won less lost has a spread of 28 too."""
    before = samples(np.arange(200_000) < accuracy * 200_000)
    after = flip(before, 0.004, np.random.default_rng(2))
    assert abs((before.scores != after.scores).sum() - 800) < 120
    assert abs(after.scores.sum() - before.scores.sum()) < 120


def test_what_is_not_right_or_wrong_takes_the_place_of_another() -> None:
    scores = np.random.default_rng(3).normal(size=2_000)
    groups = np.repeat([-1, 0], 1_000)
    before = replace(samples(scores), groups=groups, statistic="auroc")
    after = flip(before, 0.1, np.random.default_rng(4))
    assert 150 < (before.scores != after.scores).sum() < 250
    for group in (-1, 0):
        assert set(after.scores[groups == group]) <= set(scores[groups == group])


def test_right_answers_flip_beside_their_confidence() -> None:
    before = replace(samples(np.full(1_000, 0.5)), statistic="ece", correct=(np.arange(1_000) < 500).astype(float))
    after = flip(before, 0.2, np.random.default_rng(5))
    assert after.correct is not None
    assert 150 < (after.correct != before.correct).sum() < 250
    assert (after.scores == before.scores).all()


def test_no_share_flips_nothing() -> None:
    before = samples(np.arange(100) < 60)
    assert (flip(before, 0.0, np.random.default_rng(6)).scores == before.scores).all()
