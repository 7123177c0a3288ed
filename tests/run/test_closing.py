"""The end of a run: an id of its own, and what cannot be written is said and not raised."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from run_makers import make_result

from robustcheck.measure import MeasureSettings
from robustcheck.report import load_run
from robustcheck.run.closing import Outcome, finish_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Result

STARTED = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def session(directory: Path) -> RobustSession:
    measure = MeasureSettings(directory / "store")
    return RobustSession(
        RunSettings(measure, directory / "baselines", directory / "reports", directory=directory), date(2026, 11, 22)
    )


def outcome(*results: Result) -> Outcome:
    return Outcome(results, (), [result.nodeid for result in results], STARTED, 1.0, "pytest")


def test_runs_that_end_together_have_ids_and_reports_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: finish_run(session(tmp_path), outcome(make_result()), {}), range(4)))
    ids = {finished.run.id for finished in done}
    assert ids == {"20261122-100000", *(f"20261122-100000-{count}" for count in (2, 3, 4))}
    for finished in done:
        assert finished.page is not None
        assert load_run(finished.page.parent).id == finished.run.id


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file is in the way")
    finished = finish_run(session(tmp_path), outcome(make_result()), {})
    assert finished.page is None
    assert len(finished.troubles) == 1
    assert "cannot write the report" in finished.troubles[0]
    assert finished.run.results == (make_result(),)


def test_a_second_with_too_many_runs_names_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Path.mkdir

    def taken(path: Path, *arguments: object, **settings: object) -> None:
        if path.parent.name == "reports":
            raise FileExistsError(17, "File exists")
        make(path, *arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", taken)
    [trouble] = finish_run(session(tmp_path), outcome(make_result()), {}).troubles
    assert "the report has no free name" in trouble
    assert "--robust-report DIR" in trouble


def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(temporary: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    finished = finish_run(session(tmp_path), outcome(make_result()), {})
    assert "No space left on device" in finished.troubles[0]
    assert finished.page is None
    assert not [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]


def test_a_step_summary_gets_the_run(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "step.md"), "GITHUB_ACTIONS": "true"}
    (tmp_path / "step.md").write_text("before\n")
    assert not finish_run(session(tmp_path), outcome(make_result("fail")), environ).troubles
    assert (tmp_path / "step.md").read_text().startswith("before\n## ")
    [trouble] = finish_run(session(tmp_path), outcome(make_result()), {"GITHUB_STEP_SUMMARY": str(tmp_path)}).troubles
    assert "the step summary cannot be written" in trouble


def test_what_is_not_utf_8_is_kept_as_escapes(tmp_path: Path) -> None:
    strange = make_result("fail", suite="caf\udce9/a.robust.yaml", sentence="of caf\udce9", nodeid="caf\udce9::x")
    finished = finish_run(session(tmp_path), outcome(strange), {"GITHUB_STEP_SUMMARY": str(tmp_path / "step.md")})
    assert not finished.troubles
    assert finished.page is not None
    assert load_run(finished.page.parent).results[0].suite == "caf\\udce9/a.robust.yaml"
    assert "caf\\udce9" in finished.page.read_text(encoding="utf-8")


def test_suites_that_no_model_is_meant_for_are_in_the_record(tmp_path: Path) -> None:
    nobody = Outcome([make_result()], (), [], STARTED, 1.0, "pytest", unmatched=["b.robust.yaml"])
    assert [info.path for info in finish_run(session(tmp_path), nobody, {}).run.suites] == [
        "a.robust.yaml",
        "b.robust.yaml",
    ]


def test_the_next_run_says_what_it_was_compared_with(tmp_path: Path) -> None:
    first = finish_run(session(tmp_path), outcome(make_result()), {}).run
    assert (first.previous, first.compared) == (None, 0)
    second = finish_run(session(tmp_path), outcome(make_result("fail"), make_result(check_key="new")), {}).run
    assert (second.previous, second.compared, len(second.changes)) == (first.id, 1, 1)


def test_a_clock_that_was_set_back_is_said(tmp_path: Path) -> None:
    """The run of an hour ago that reads as of now is not the one before: what changed since it is not told."""
    ahead = replace(outcome(make_result()), started=STARTED + timedelta(hours=1))
    assert "clock" not in {notice.about for notice in finish_run(session(tmp_path), ahead, {}).run.notices}
    now = finish_run(session(tmp_path), outcome(make_result("fail")), {}).run
    [said] = [notice for notice in now.notices if notice.about == "clock"]
    assert said.loud
    assert "some runs are still to come (20261122-110000)" in said.text
    assert now.previous is None


def test_a_run_that_began_while_this_one_went_on_is_no_sign_of_a_clock(tmp_path: Path) -> None:
    inside = replace(outcome(make_result()), started=STARTED + timedelta(seconds=30))
    finish_run(session(tmp_path), inside, {})
    run = finish_run(session(tmp_path), replace(outcome(make_result()), seconds=60.0), {}).run
    assert "clock" not in {notice.about for notice in run.notices}
