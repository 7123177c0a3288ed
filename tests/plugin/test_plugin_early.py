"""Decide early in pytest: a checkpoint that is far off is left, and a full run goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from forks import run_fork
from plugin_makers import resolved, write

from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.model_sets import resolve_one
from robustcheck.report import load_run
from robustcheck.values import Cell, Quantity, Score

SUITE = """\
robustcheck: 1
title: Early
models: ["zoo:vit-plain-100"]
checks:
  - id: too-good
    measure: {metric: top1, dataset: digits}
    expect: {at_least: 99.9%}
  - id: reads
    measure: {metric: top1, dataset: digits}
    expect: {at_least: 15%}
"""


@pytest.mark.parametrize("how", ["the suite", "the command line", "the configuration file"])
def test_the_effort_is_asked_for_in_three_places(pytester: pytest.Pytester, how: str) -> None:
    text = SUITE.replace("zoo:vit-plain-100", "predictions:none")
    write(pytester, "a.robust.yaml", text.replace("checks:", "effort: decide\nchecks:") if how == "the suite" else text)
    effort = {"the suite": None, "the command line": "decide", "the configuration file": "decide"}[how]
    words = ["--robust-effort", "decide"] if how == "the command line" else []
    ini = {"robust_effort": "decide"} if how == "the configuration file" else {}
    assert resolved(pytester, *words, **ini).effort == effort


def test_workers_leave_a_set_early_and_a_full_run_has_the_bits_of_one_that_never_did(tmp_path: Path) -> None:
    (tmp_path / "a.robust.yaml").write_text(SUITE, encoding="utf-8")
    words = ("pytest", "-p", "no:cacheprovider", "-n", "2", "--robust-effort", "decide", "--robust-no-images")
    done = run_fork(tmp_path, *words, live=True)
    assert "decided on 50 of 797 images" in done.stdout
    assert "Decided early: 50 of 797 images were used (6%)." in done.stdout
    [record] = (tmp_path / "reports").glob("*/run.json")
    assert {result.verdict.images for result in load_run(record).results} == {(50, 797)}
    page = record.with_name("index.html").read_text(encoding="utf-8")
    assert "images were used (6%)" in page
    ref = resolve_one("zoo:vit-plain-100")
    cell = Cell(ref, Quantity("top1", "digits"))
    after, never = (Bench(MeasureSettings(tmp_path / store)) for store in (".robustcheck/store", "other"))
    [outputs] = after.lacking([cell]).outputs.values()
    assert len(outputs[1]) == 4 * 4, "four chunks lack the last four of their five pieces"
    scores = [bench.measure(cell) for bench in (after, never)]
    assert all(isinstance(score, Score) for score in scores)
    rows = [bench.memo.rows(bench.recipes(cell)[0].outputs).take(range(797)).tobytes() for bench in (after, never)]  # type: ignore[arg-type]
    assert scores[0] == scores[1]
    assert rows[0] == rows[1]
