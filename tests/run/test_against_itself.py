"""A model against itself: drawn images keep their clusters, flips keep the mean, and a comparison is seldom red."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from colour_data import write_colours

from robustcheck.measure import MeasureSettings
from robustcheck.run.against_itself import flip, judge_against_itself, resample
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Samples

SUITE = """\
robustcheck: 1
title: A suite
models: ["fake:zero-shot@a"]
checks:
  - id: not-worse
    measure: {metric: top1, dataset: ./colours}
    expect: {no_worse_than: {model: "fake:zero-shot@a", allowed_drop: 2pp}}
  - id: level
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 1%}
"""


def samples(right: np.ndarray, **columns: np.ndarray) -> Samples:
    n = right.size
    return Samples(np.arange(n).astype(str), right.astype(float), np.zeros(n, np.int64), **columns)


def test_a_draw_has_as_many_images_with_names_of_their_own() -> None:
    drawn = resample(samples(np.arange(500) < 300), np.random.default_rng(0))
    assert drawn.ids.size == np.unique(drawn.ids).size == 500
    assert 0.5 < drawn.scores.mean() < 0.7


def test_a_draw_keeps_clusters_whole() -> None:
    """Each cluster of three has scores of its own: they stay together, and one drawn twice is two clusters."""
    clusters = np.repeat(np.arange(40), 3)
    drawn = resample(samples(clusters.astype(float), clusters=clusters), np.random.default_rng(1))
    assert drawn.clusters is not None
    assert np.unique(drawn.clusters, return_counts=True)[1].tolist() == [3] * 40
    for cluster in np.unique(drawn.clusters):
        assert np.unique(drawn.scores[drawn.clusters == cluster]).size == 1
    assert np.unique(drawn.scores).size < 40


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


@pytest.mark.parametrize(("flips", "passes"), [(0.0, 40), (0.3, 39)])
def test_a_model_against_itself_is_seldom_red(tmp_path: Path, flips: float, passes: int) -> None:
    write_colours(tmp_path / "colours", 90, noise=150)
    (tmp_path / "a.robust.yaml").write_text(SUITE)
    settings = RunSettings(MeasureSettings(tmp_path / "store"), tmp_path / "baselines", tmp_path / "reports")
    session = RobustSession(settings, date(2026, 11, 22))
    items = session.plan(session.load(tmp_path / "a.robust.yaml")).items
    found = judge_against_itself(session, items, times=40, flips=flips, seed=1)
    compared, level = found.repeats
    assert (compared.times, level.statuses["fail"]) == (40, 0)
    # Equal predictions pass; with flips on 90 images nearly all is unsure, and hardly anything red.
    assert compared.statuses["pass" if not flips else "unsure"] + compared.statuses["pass"] * bool(flips) >= passes
    assert found.red == {items[0].model.id: compared.statuses["fail"]}
    assert found == judge_against_itself(session, items, times=40, flips=flips, seed=1)
