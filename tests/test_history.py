"""History: the previous run of the same suites, and what changed since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factories import MODEL, live_score

from robustcheck.history import changes_since, previous_run
from robustcheck.records import Change, ModelRef, Position, Result, RunRecord, Status, Verdict
from robustcheck.report import write_report

OTHER = ModelRef("ViT-B-16/openai", "openclip:ViT-B-16/openai", "openclip", "ViT-B-16", "openai")


def make_result(status: Status = "pass", **changes: object) -> Result:
    result = Result(
        nodeid="a.robust.yaml::a-check[ViT-B-32/openai]",
        suite="a.robust.yaml",
        check_id="a-check",
        check_key="a-check",
        title="",
        why="",
        tags=(),
        sentence="A sentence.",
        position=Position("a.robust.yaml", 1, 1),
        yaml="",
        model=MODEL,
        verdict=Verdict(status, "a reason"),
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def make_run(*results: Result, id: str = "20261122-100000") -> RunRecord:
    return RunRecord(id, "2026-11-22T10:00:00+00:00", 1.0, "pytest", (), results)


def keep(reports: Path, *results: Result, id: str) -> None:
    write_report(make_run(*results, id=id), reports / id)


def test_no_run_yet(tmp_path: Path) -> None:
    assert previous_run(tmp_path / "reports", ["a.robust.yaml"]) is None
    assert changes_since(None, [make_result()]) == ()


def test_the_newest_run_of_these_suites(tmp_path: Path) -> None:
    keep(tmp_path, make_result("pass"), id="20261120-100000")
    keep(tmp_path, make_result("fail"), id="20261121-100000")
    keep(tmp_path, make_result("fail"), id="20261121-100000-2")
    keep(tmp_path, make_result(suite="b.robust.yaml"), id="20261122-100000")
    found = previous_run(tmp_path, ["a.robust.yaml", "c.robust.yaml"])
    assert found is not None
    assert found.id == "20261121-100000-2"
    assert previous_run(tmp_path, ["c.robust.yaml"]) is None


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}', "[]"])
def test_a_record_that_cannot_be_read_is_passed_over(tmp_path: Path, text: str) -> None:
    keep(tmp_path, make_result(), id="20261120-100000")
    (tmp_path / "20261121-100000").mkdir()
    (tmp_path / "20261121-100000" / "run.json").write_text(text)
    found = previous_run(tmp_path, ["a.robust.yaml"])
    assert found is not None
    assert found.id == "20261120-100000"


def test_changes_are_by_suite_check_case_and_model() -> None:
    before = make_run(
        make_result("pass"),
        make_result("fail", model=OTHER),
        make_result("pass", check_key="a-check[one]"),
        make_result("pass", suite="b.robust.yaml"),
        make_result("pass", check_key="gone"),
    )
    now = [
        make_result("fail"),
        make_result("fail", model=OTHER),
        make_result("unsure", check_key="a-check[one]"),
        make_result("pass", suite="b.robust.yaml"),
        make_result("fail", check_key="new"),
    ]
    assert changes_since(before, now) == (
        Change("a-check", MODEL.id, "pass", "fail"),
        Change("a-check[one]", MODEL.id, "pass", "unsure"),
    )


def test_a_value_that_moved_without_its_verdict_is_no_change() -> None:
    before = make_result(score=live_score(np.array([1, 1, 0])))
    now = make_result(score=live_score(np.array([1, 1, 1])))
    assert changes_since(make_run(before), [now]) == ()
