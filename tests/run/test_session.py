"""A session reads and plans each suite once, and loads what several items share once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from robustcheck.judge import Case
from robustcheck.measure import MeasureSettings
from robustcheck.run import cases
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values.checks import PlannedCheck

SUITE = """\
robustcheck: 1
models: [openclip:ViT-B-32/openai, openclip:ViT-B-16/openai]
checks:
  - id: good
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 40%}
  - id: held
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {no_worse_than: {model: "openclip:RN50/openai", allowed_drop: 1pp}}
  - id: line
    measure: {metric: top1, dataset: imagenet-v2}
    expect:
      on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-val}, allowed_below: 2pp}
  - id: figure
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {reproduces: {within: 1pp}}
  - id: baseline
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {no_worse_than: {baseline: main, allowed_drop: 1pp}}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "a.robust.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


@pytest.fixture
def session(tmp_path: Path) -> RobustSession:
    settings = RunSettings(
        MeasureSettings(tmp_path / "store"), tmp_path / "baselines", tmp_path / "reports", evidence="published"
    )
    return RobustSession(settings, date(2026, 1, 1))


def item(session: RobustSession, path: Path, check: str) -> PlannedCheck:
    return next(each for each in session.plan(session.load(path)).items if each.check.id == check)


def test_a_suite_is_read_and_planned_once_a_run(session: RobustSession, suite: Path) -> None:
    loaded = session.load(suite)
    planned = session.plan(loaded)
    suite.unlink()
    assert session.load(suite) is loaded
    assert session.plan(loaded) is planned


def test_a_case_holds_what_its_expectation_needs(session: RobustSession, suite: Path) -> None:
    gathered = {name: session.gather(item(session, suite, name)) for name in ("good", "held", "line")}
    good, held, line = (case for case in gathered.values() if isinstance(case, Case))
    assert (good.x, good.reference, good.population) == (None, None, None)
    assert held.reference is not None
    assert held.reference_name == held.reference.cell.model.id == "RN50/openai"
    assert line.x is not None
    assert line.x.cell.quantity.dataset == "imagenet-val"
    assert line.population is not None
    assert line.population.name == "openclip"


def test_only_what_reproduces_a_figure_must_be_live(session: RobustSession, suite: Path) -> None:
    items = session.plan(session.load(suite)).items
    session.select(items)
    assert session.book.planned_live == {each.cells[0] for each in items if each.check.id == "figure"}


def test_only_checks_with_a_line_have_a_plot(session: RobustSession, suite: Path) -> None:
    assert session.draw_figure(item(session, suite, "good")) is None
    figure = session.draw_figure(item(session, suite, "line"))
    assert figure is not None
    assert figure.population == "openclip"


def test_what_checks_share_is_loaded_once(session: RobustSession, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Blessed:
        def score(self, model: object, quantity: object) -> object:
            return session.book.score(item(session, suite, "good").cells[0])

        def label(self, score: object) -> str:
            return "baseline main"

        def origin(self, score: object) -> tuple[None, str]:
            return None, ""

        def stamp(self, score: object) -> tuple[int, ...]:
            return ()

    def load(name: str, baselines: Path, here: Path) -> Blessed:
        asked.append(name)
        return Blessed()

    monkeypatch.setattr(cases, "load_baseline", load)
    for each in session.plan(session.load(suite)).items:
        if each.check.id == "baseline":
            session.gather(each)
    assert asked == ["main"]
    lines = [session.gather(each) for each in session.plan(session.load(suite)).items if each.check.id == "line"]
    assert len({id(case.population) for case in lines if isinstance(case, Case)}) == 1
