"""A model against itself: drawn images keep their clusters, flips keep the mean, and a comparison is seldom red."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from colour_data import write_colours
from factories import live_score, make_case, make_check, make_item, published_score

from robustcheck.errors import RecordError
from robustcheck.judge import Case, PopulationPoints, judge
from robustcheck.measure import MeasureSettings
from robustcheck.run.against_itself import AgainstItself, flip, judge_against_itself, resample
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Cell, Quantity, Samples, Score, TrendPoint
from robustcheck.values.checks import PlannedCheck
from robustcheck.values.expectations import AtMost, OnTrend, parse_amount

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


class Session:
    """A session that has gathered its case, with the samples of each measured cell at hand."""

    def __init__(self, case: Case, samples: dict[Cell, Samples]) -> None:
        self.case, self.kept = case, samples
        self.book = self.bench = self

    def gather(self, item: PlannedCheck) -> Case:
        return self.case

    def samples(self, cell: Cell) -> Samples:
        return self.kept[cell]


def repeat_case(case: Case, *measured: Score) -> AgainstItself:
    session = Session(case, {score.cell: score.samples for score in measured if score.samples is not None})
    return judge_against_itself(session, [case.planned], times=60, flips=0.0, seed=3)  # type: ignore[arg-type]


def test_x_of_the_same_images_is_drawn_with_the_score() -> None:
    """A model that is right on the same images in both quantities stays on a line of slope 1, whatever is drawn."""
    right = np.random.default_rng(8).random(400) < 0.7
    y, x = live_score(right), live_score(right, Quantity("top1", "imagenet-val"))
    points = tuple(TrendPoint(f"m{index}", 0.3 + index / 40, 0.3 + index / 40, "wit") for index in range(20))
    line = {"population": "drawn", "against": {"metric": "top1", "dataset": "imagenet-val"}, "allowed_below": "0.5pp"}
    item = make_item(make_check(OnTrend.model_validate({**line, "axis": "linear"})))
    case = make_case(item, y, x=x, population=PopulationPoints("drawn", points, "drawn here"))
    together = repeat_case(case, y, x).repeats[0].statuses
    assert set(together) == {judge(case).status}
    # Drawn apart, the two differ by far more than half a point.
    assert y.samples is not None
    other = replace(x, samples=replace(y.samples, ids=np.char.add("b", y.samples.ids)))
    apart = repeat_case(replace(case, x=other), y, other).repeats[0].statuses
    assert set(apart) != set(together)


def test_a_figure_that_is_not_a_share_cannot_be_drawn_again() -> None:
    loss = published_score(0.5, 400, Quantity("nll", "imagenet-v2"))
    item = make_item(make_check(AtMost(limit=parse_amount("1.0")), quantity=loss.cell.quantity))
    with pytest.raises(RecordError, match="the table has no per-sample scores"):
        repeat_case(make_case(item, replace(loss, value=1.4), unit="", higher_is_better=False))
