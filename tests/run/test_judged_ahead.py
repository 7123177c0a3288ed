"""Another process judges the claims about published models from the last on: it finds what this process would find."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import monotonic, sleep

import pytest

from robustcheck.judge import conclude
from robustcheck.measure import MeasureSettings
from robustcheck.run import judged_ahead
from robustcheck.run.judged_ahead import FEWEST, ClaimsAhead, JudgedClaim
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values.checks import PlannedCheck

# Of the first two the second cannot be judged: there are too few models so good.
SUITE = """\
robustcheck: 1
models: [openclip:RN50/openai]
checks:
  - id: fit
    for_each: {least: [0%, 99%]}
    measure: {metric: top1, dataset: imagenet-sketch}
    expect:
      group_above:
        higher: {family: clip}
        lower: {family: more-data}
        by: residual
        against: {metric: top1, dataset: imagenet-val}
        population: [openclip, timm]
        x_range: ["${least}", 100%]
  - id: good
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 40%}
  - id: kept
    for_each: {keeps: [CASES]}
    measure: {metric: shape_bias, dataset: cue-conflict}
    expect:
      improves:
        before: {tuning: cross-entropy}
        after: {tuning: zero-shot}
        match: [backbone]
        keeps: "${keeps}"
        population: holistic-tuning
""".replace("CASES", ", ".join(f"{1 + place}.0pp" for place in range(FEWEST - 2)))
TODAY = date(2026, 1, 1)


@pytest.fixture
def session(tmp_path: Path) -> RobustSession:
    settings = RunSettings(
        MeasureSettings(tmp_path / "store"), tmp_path / "baselines", tmp_path / "reports", evidence="published"
    )
    return RobustSession(settings, TODAY)


@pytest.fixture
def items(session: RobustSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[PlannedCheck]:
    """The items of a run with as many claims as a process is started for, on a machine of two cores."""
    monkeypatch.setattr(judged_ahead, "usable_cores", lambda: 2)
    path = tmp_path / "a.robust.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return session.plan(session.load(path)).items


def wait_for(ahead: ClaimsAhead, item: PlannedCheck) -> JudgedClaim:
    """Return what the other process finds of an item, however long it takes to come to it."""
    deadline = monotonic() + 300
    while monotonic() < deadline:
        found = ahead.find(item)
        if found is not None:
            return found
        sleep(0.02)
    raise AssertionError("the other process never came to it")


def test_it_finds_what_this_process_finds(session: RobustSession, items: Sequence[PlannedCheck]) -> None:
    # The first claim is judged last.
    session.judge_ahead(items)
    wait_for(session.ahead, items[0])
    for item in items:
        found = session.ahead.find(item)
        if item.check.key in ("fit[99%]", "good"):
            assert found is None
            continue
        assert found is not None
        here = session.cases.gather_groups(item)
        assert found.conclusion == conclude(here)
        assert session.judge(found, "an-id", 0.0).verdict == session.judge(here, "an-id", 0.0).verdict
    figure = session.draw_figure(items[0])
    assert figure is not None
    assert figure == RobustSession(session.settings, TODAY).draw_figure(items[0])


@pytest.mark.parametrize("command", [[sys.executable, "-c", "import os; os.abort()"], ["no-such-program"]])
def test_what_it_does_not_tell_is_judged_here(
    session: RobustSession, items: Sequence[PlannedCheck], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr(judged_ahead, "child_command", lambda code: command)
    session.judge_ahead(items)
    case = session.gather(items[-1])
    assert not isinstance(case, JudgedClaim)
    assert session.judge(case, "an-id", 0.0).verdict.n == 2
    session.close()
    assert session.ahead.find(items[-1]) is None


@pytest.mark.parametrize(("cores", "left_out"), [(1, 0), (2, 1)])
def test_no_process_is_started_where_it_would_not_pay(
    items: Sequence[PlannedCheck], monkeypatch: pytest.MonkeyPatch, cores: int, left_out: int
) -> None:
    monkeypatch.setattr(judged_ahead, "usable_cores", lambda: cores)

    def refuse(*words: object, **how: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(judged_ahead.subprocess, "Popen", refuse)
    ahead = ClaimsAhead()
    ahead.start(items[left_out:], TODAY)
    assert ahead.find(items[-1]) is None
