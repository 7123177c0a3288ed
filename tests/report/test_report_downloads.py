"""What the page's buttons download, read by others: the rows that the filter leaves, as export-results writes them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_claims import claims_run
from report_fixtures import made_up_run, wait_for_filter, with_odd_outcomes

from robustcheck.report.rows import COLUMN_TYPES, COLUMNS, Row, result_rows
from robustcheck.values import RunRecord

Address = Callable[[RunRecord], str]
Opened = tuple[Any, list[str]]
HOSTILE = (
    "=1+1",
    'a,"b"\r\nc',
    "\u05e9\u05dc\u05d5\u05dd/\u6a21\u578b \U0001f600",
    "</script><img src=x onerror=alert(1)>",
    "$&$1\x02\x03",
    "nan",
)


def hostile_run() -> RunRecord:
    """Return a run with every outcome, claims, names that are not plain, and numbers that are not finite."""
    run = with_odd_outcomes(made_up_run(30, 3))
    ids = list(dict.fromkeys(result.model.id for result in run.results))
    names = dict(zip(ids, (*HOSTILE, *ids[len(HOSTILE) :]), strict=True))
    results = [
        replace(
            result,
            model=replace(result.model, id=names[result.model.id], text=f"zoo:{names[result.model.id]}"),
            rerun=f"pytest {result.check_key}[{names[result.model.id]}] --models zoo:{names[result.model.id]}",
            verdict=replace(result.verdict, reason=f"{result.verdict.reason} \N{MINUS SIGN} {names[result.model.id]}"),
        )
        for result in run.results
    ]
    odd = replace(results[1].verdict, low=float("-inf"), high=float("nan"), p_value=1.25e-9, excused=True)
    results[1] = replace(results[1], verdict=odd)
    return replace(run, results=(*results, *claims_run().results))


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return hostile_run()


def downloaded(page: Any, kind: str, folder: Path) -> Path:
    """Press a button of the page and keep what it downloads."""
    with page.expect_download() as download:
        page.locator(f"#{kind}").click()
    assert download.value.suggested_filename == f"robustcheck.{kind}"
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def read_parquet(path: Path) -> tuple[Any, list[Row]]:
    """Read a Parquet file; return its schema and its rows."""
    table = pytest.importorskip("pyarrow.parquet").read_table(path)
    return table.schema, table.to_pylist()


def near(row: Row) -> Row:
    """Return a row whose numbers are compared to the six digits that the page has."""
    return {
        name: pytest.approx(value, rel=1e-5, nan_ok=True) if isinstance(value, float) else value
        for name, value in row.items()
    }


def as_texts(row: Row) -> dict[str, str]:
    """Return a row of Parquet as a CSV file without quotes has it; numbers are compared as numbers."""
    return {
        name: "" if value is None else value if isinstance(value, str) else str(value) for name, value in row.items()
    }


def test_parquet_holds_each_cell_that_export_results_writes(
    opened: Opened, address_of: Address, run: RunRecord, tmp_path: Path
) -> None:
    page, wrong = opened
    page.goto(address_of(run))
    schema, rows = read_parquet(downloaded(page, "parquet", tmp_path))
    assert schema.names == list(COLUMNS)
    words = {str: "string", float: "double", int: "int64", bool: "bool"}
    assert [str(field.type) for field in schema] == [words[COLUMN_TYPES.get(name, str)] for name in COLUMNS]
    assert all(field.nullable for field in schema)
    expected = list(result_rows(run))
    assert len(rows) == len(expected)
    for row, like in zip(rows, expected, strict=True):
        assert row == near(like)
    empty = {name for name in COLUMNS if all(row[name] is None for row in rows)}
    # Nothing here is measured on part of a data set, with a transform, prompts or options.
    assert empty <= {"slice", "transform", "prompts", "options"}
    assert wrong == []


def show(page: Any, address: str, filters: str) -> None:
    """Open a page with a filter on."""
    page.goto(f"{address}#{filters}")
    wait_for_filter(page, filters)


def test_csv_and_parquet_hold_what_the_filter_leaves(
    opened: Opened, address_of: Address, run: RunRecord, tmp_path: Path
) -> None:
    page, wrong = opened
    show(page, address_of(run), "q=shift-1&status=fail%2Cunsure%2Cwarn%2Cpass")
    _, rows = read_parquet(downloaded(page, "parquet", tmp_path))
    expected = [
        row
        for row in result_rows(run)
        if "shift-1" in row["check"] and row["status"] in ("pass", "fail", "unsure", "warn")
    ]
    assert 0 < len(expected) < len(run.results)
    assert [(row["check"], row["model"]) for row in rows] == [(row["check"], row["model"]) for row in expected]
    with downloaded(page, "csv", tmp_path).open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == list(COLUMNS)
    for line, row in zip(written, rows, strict=True):
        for name, text in as_texts(row).items():
            if isinstance(row[name], float):
                assert float(line[name]) == pytest.approx(row[name], nan_ok=True)
            else:
                assert line[name].removeprefix("'") == text
    assert wrong == []


def test_without_rows_parquet_holds_the_columns_alone(
    opened: Opened, address_of: Address, run: RunRecord, tmp_path: Path
) -> None:
    page, wrong = opened
    show(page, address_of(run), "q=nothing-is-called-so")
    schema, rows = read_parquet(downloaded(page, "parquet", tmp_path))
    assert (schema.names, rows) == (list(COLUMNS), [])
    assert wrong == []
