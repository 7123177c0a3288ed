"""A model against itself: a comparison is seldom red, and what stands alone is judged once for each value."""

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
from robustcheck.run.against_itself import AgainstItself, judge_against_itself
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
    expect: {no_worse_than: {model: "fake:zero-shot@b", allowed_drop: 2pp}}
  - id: level
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 1%}
"""


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
