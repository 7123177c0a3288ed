"""The models of --models that no check of a run judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from run_makers import make_result

from robustcheck.measure import MeasureSettings
from robustcheck.run.candidates import find_unjudged
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Result

SUITE = """\
robustcheck: 1
checks:
  - id: good
    measure: {metric: top1, dataset: digits}
    expect: {at_least: 40%}
"""
NAMES = ("fake:zero-shot@a", "fake:zero-shot@b")


def session(directory: Path) -> RobustSession:
    settings = RunSettings(
        MeasureSettings(directory / "store"), directory / "baselines", directory / "reports", models=NAMES
    )
    return RobustSession(settings, date(2026, 11, 22))


def judged(path: Path, model: str) -> Result:
    result = make_result(suite=str(path), nodeid=f"a.robust.yaml::good[{model}]")
    return replace(result, verdict=replace(result.verdict, value=0.6))


def test_a_model_without_a_verdict_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.robust.yaml"
    path.write_text(SUITE)
    begun = session(tmp_path)
    first, second = (item.model.id for item in begun.plan(begun.load(path)).items)
    ids = [f"a.robust.yaml::good[{model}]" for model in (first, second)]
    assert find_unjudged(begun, [judged(path, first)], ids) == (second,)
    assert find_unjudged(begun, [judged(path, first), judged(path, second)], ids) == ()


def test_a_suite_that_was_removed_during_the_run_tells_nothing_of_its_models(tmp_path: Path) -> None:
    path = tmp_path / "a.robust.yaml"
    path.write_text(SUITE)
    begun = session(tmp_path)
    first, second = (item.model.id for item in begun.plan(begun.load(path)).items)
    path.unlink()
    # A run that begins now cannot read the suite; no model is taken as judged.
    assert find_unjudged(session(tmp_path), [judged(path, first)], []) == (first, second)
