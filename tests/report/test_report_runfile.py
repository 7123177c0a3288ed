"""A run record survives its file, and a bad file is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_fixtures import made_up_run

from robustcheck.errors import RecordError
from robustcheck.report import load_run, write_report
from robustcheck.report.runfile import dump_run
from robustcheck.values import RunRecord, Samples


def _with_value(run: RunRecord, value: float) -> RunRecord:
    first, *rest = run.results
    return replace(run, results=(replace(first, verdict=replace(first.verdict, value=value)), *rest))


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    run = made_up_run()
    write_report(run, tmp_path)
    assert load_run(tmp_path) == run
    assert load_run(tmp_path / "run.json") == run


def test_samples_stay_out_of_the_file() -> None:
    run = made_up_run(1, 1)
    score = run.results[0].score
    assert score is not None
    samples = Samples(np.array(["a"]), np.array([1.0]), np.array([0]))
    kept = replace(run, results=(replace(run.results[0], score=replace(score, samples=samples)),))
    assert "samples" not in dump_run(kept).decode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_stay_valid_json(value: float, tmp_path: Path) -> None:
    run = _with_value(made_up_run(1, 1), value)
    write_report(run, tmp_path)
    json.loads((tmp_path / "run.json").read_text(), parse_constant=pytest.fail)
    assert str(load_run(tmp_path).results[0].verdict.value) == str(value)


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"run\.json.*no run record"):
        load_run(tmp_path)


@pytest.mark.parametrize("text", ["{", '{"schema": 1}', '{"schema": 1, "id": 3}'])
def test_a_damaged_record_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError, match="damaged"):
        load_run(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema": 2}'])
def test_another_schema_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError, match="schema"):
        load_run(tmp_path)


def test_a_report_leaves_no_other_file(tmp_path: Path) -> None:
    write_report(made_up_run(1, 1), tmp_path / "new" / "run")
    assert sorted(path.name for path in (tmp_path / "new" / "run").iterdir()) == [
        "index.html",
        "run.json",
        "summary.md",
    ]
