"""Where results go: tables, the hub's file, and the comment on a pull request."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from command import Robustcheck, refused
from report_fixtures import made_up_run
from run_makers import make_result, make_run

from robustcheck.report import write_report
from robustcheck.report.rows import COLUMNS
from robustcheck.values import RunRecord


@pytest.fixture
def kept(robustcheck: Robustcheck) -> RunRecord:
    """A run of two models in ``reports/one``."""
    run = made_up_run(2, 2)
    write_report(run, Path("reports/one"))
    return run


def test_a_table_has_a_row_for_each_check_and_model(robustcheck: Robustcheck, kept: RunRecord) -> None:
    said = robustcheck("export-results", "one", "results.csv")
    assert (said.code, said.out) == (0, "4 results: results.csv\n")
    with Path("results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    for row, result in zip(rows, kept.results, strict=True):
        assert (row["check"], row["model"], row["status"]) == (result.check_key, result.model.id, result.verdict.status)
        assert float(row["value"]) == result.verdict.value
        assert (row["metric"], row["dataset"]) == ("top1", result.score.cell.quantity.dataset if result.score else "")


def test_json_lines_hold_null_for_what_is_no_number(robustcheck: Robustcheck) -> None:
    result = make_result()
    odd = replace(result, verdict=replace(result.verdict, low=float("-inf"), high=float("nan")))
    write_report(make_run(odd), Path("reports/one"))
    assert robustcheck("export-results", "one", "results.jsonl").code == 0
    (row,) = map(json.loads, Path("results.jsonl").read_text(encoding="utf-8").splitlines())
    assert (row["compared_low"], row["compared_high"]) == (None, None)


def test_parquet_has_numbers_as_numbers(robustcheck: Robustcheck, kept: RunRecord) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert robustcheck("export-results", "one", "results.parquet").code == 0
    table = parquet.read_table("results.parquet")
    assert table.column_names == list(COLUMNS)
    assert table.column("value").to_pylist() == [result.verdict.value for result in kept.results]
    assert str(table.schema.field("n").type) == "int64"


def test_a_model_is_called_by_its_id_or_by_its_reference(robustcheck: Robustcheck, kept: RunRecord) -> None:
    first = kept.results[0].model
    renamed = [replace(r, model=replace(r.model, text=f"zoo:{r.model.id}")) for r in kept.results]
    write_report(replace(kept, results=tuple(renamed)), Path("reports/two"))
    for name in (first.id, f"zoo:{first.id}"):
        assert robustcheck("export-results", "two", "results.csv", "--model", name).out == "2 results: results.csv\n"
    refused(robustcheck("export-results", "two", "results.csv", "--model", first.id[:-1] + "x"), "no result", first.id)


def test_a_name_is_no_formula_for_a_spreadsheet(robustcheck: Robustcheck) -> None:
    result = make_result()
    hostile = replace(result, title="=1+1", model=replace(result.model, id="@SUM(A1)"))
    write_report(make_run(hostile), Path("reports/one"))
    robustcheck("export-results", "one", "results.csv")
    with Path("results.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["title"], row["model"]) == ("'=1+1", "'@SUM(A1)")


def test_the_hub_is_told_what_was_measured_of_one_model(robustcheck: Robustcheck, kept: RunRecord) -> None:
    refused(robustcheck("export-results", "one", "results.yaml"), "2 models, and the file is of one", "--model")
    name = kept.results[0].model.id
    live = [replace(r, score=replace(r.score, evidence="live")) for r in kept.results if r.score]
    write_report(replace(kept, results=tuple(live)), Path("reports/two"))
    assert robustcheck("export-results", "two", "results.yaml", "--model", name).code == 0
    entries = yaml.safe_load(Path("results.yaml").read_text(encoding="utf-8"))
    assert [entry["dataset"] for entry in entries] == [{"id": f"shift-{n}", "task_id": "top1"} for n in (0, 1)]
    first = next(result for result in live if result.model.id == name)
    assert entries[0]["value"] == first.verdict.value
    assert f"n = {first.verdict.n}" in entries[0]["notes"]


def test_what_cannot_be_written_is_refused(robustcheck: Robustcheck, kept: RunRecord) -> None:
    refused(robustcheck("export-results", "one", "results.xls"), "no form of results is called '.xls'", ".csv, .jsonl")
    refused(robustcheck("export-results", "one", "r.csv", "--model", "x"), "no result of 'x'", kept.results[0].model.id)
    refused(robustcheck("export-results", "two", "r.csv"), "no run 'two'")


def test_the_comment_has_its_mark_the_summary_and_the_power_of_what_is_unsure(robustcheck: Robustcheck) -> None:
    result = make_result()
    unsure = replace(result.verdict, status="unsure", compared=0.5, low=0.4, high=0.6, limit=0.55, detectable=0.12)
    write_report(make_run(replace(result, verdict=unsure)), Path("reports/20260101-000000"))
    said = robustcheck("comment")
    lines = said.out.splitlines()
    assert lines[0] == "<!-- robustcheck -->"
    assert lines[2].startswith("## ")
    assert lines[-1].endswith(" 12.0 pp |")
    assert "Failing now" not in said.out


def test_the_comment_says_what_fails_that_did_not(robustcheck: Robustcheck) -> None:
    good = make_result()
    bad = replace(good, verdict=replace(good.verdict, status="fail"))
    write_report(make_run(replace(good, verdict=replace(good.verdict, status="pass"))), Path("reports/a"))
    write_report(make_run(bad), Path("reports/b"))
    assert f"- {good.check_key} on" in robustcheck("comment", "b", "--against", "a").out.split("Failing now")[1]
    assert "- none" in robustcheck("comment", "a", "--against", "b").out


def test_the_comment_names_new_checks_that_fail_and_those_that_are_gone(robustcheck: Robustcheck) -> None:
    old, kept = make_result(check_key="old"), make_result()
    write_report(make_run(old, kept), Path("reports/a"))
    write_report(make_run(kept, make_result("fail", check_key="new"), make_result(check_key="fine")), Path("reports/b"))
    said = robustcheck("comment", "b", "--against", "a").out.split("Failing now")[1]
    assert "- new on ViT-B-32/openai: fail; a new check" in said
    assert "**Judged in a, not now:** old on ViT-B-32/openai" in said
    assert "fine" not in said
    assert "not now" not in robustcheck("comment", "a", "--against", "a").out


def test_without_a_name_the_comment_is_of_the_run_that_started_last(robustcheck: Robustcheck) -> None:
    late = replace(make_run(make_result("fail")), started="2026-11-23T10:00:00+00:00")
    write_report(late, Path("reports/a-copy"))
    write_report(make_run(make_result("pass")), Path("reports/z-older"))
    said = robustcheck("comment")
    assert said.out == robustcheck("comment", "a-copy").out != robustcheck("comment", "z-older").out
    assert said.err == "the run that started last: reports/a-copy (2026-11-23T10:00:00+00:00)\n"


def test_without_a_run_there_is_no_comment(robustcheck: Robustcheck) -> None:
    refused(robustcheck("comment"), "no run", "run the suites first")
