"""A run record survives its file, and a bad file is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter
from report_fixtures import made_up_run
from run_makers import make_run

from robustcheck.errors import RecordError
from robustcheck.history.past import past_of
from robustcheck.report import load_run, runs_by_age, write_report
from robustcheck.report.runfile import dump_run
from robustcheck.values import Past, RunRecord, Samples

RECORDS = Path(__file__).parent / "records"


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


def test_runs_stand_in_the_order_in_which_they_started(tmp_path: Path) -> None:
    starts = {"b": "2026-11-21", "a": "2026-11-22", "run-10": "2026-11-23", "run-9": "2026-11-23"}
    for name, day in starts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_bytes(dump_run(replace(make_run(), started=f"{day}T10:00:00+00:00")))
    (tmp_path / "schema-1").mkdir()
    (tmp_path / "schema-1" / "run.json").write_bytes((RECORDS / "schema_1.json").read_bytes())
    (tmp_path / "zz-damaged").mkdir()
    (tmp_path / "zz-damaged" / "run.json").write_bytes(b"\x00")
    names = [path.name for path in runs_by_age(tmp_path)]
    assert names == ["zz-damaged", "b", "schema-1", "a", "run-9", "run-10"]


def test_a_record_of_schema_1_is_read() -> None:
    run = load_run(RECORDS / "schema_1.json")
    assert (run.schema, len(run.results), len(run.trends)) == (2, 6, 1)
    verdict, model = run.results[0].verdict, run.results[0].model
    assert (verdict.status, verdict.n, model.facet("source")) == ("pass", 10_000, "laion")
    assert run.results[-1].claim.startswith("The choice of training source")


def test_a_folded_record_comes_back_whole(tmp_path: Path) -> None:
    run = load_run(RECORDS / "schema_1.json")
    (tmp_path / "run.json").write_bytes(dump_run(run))
    assert load_run(tmp_path) == run


def test_what_results_share_stands_once() -> None:
    text = dump_run(made_up_run(5, 2)).decode()
    assert text.count("A drop here meant broken augmentation in the past.") == 2 * 2  # once a check: why, and its YAML
    assert text.count("openclip:ViT-B-3/run3_s13b") == 1
    record = json.loads(text)
    assert len(record["tables"]["checks"]) == 2
    # The score on the x axis is one for both checks.
    assert len(record["tables"]["scores"]) == 5 * 2 + 5


def test_odd_texts_survive_the_tables(tmp_path: Path) -> None:
    run = made_up_run(1, 1)
    odd = replace(run.results[0], nodeid="a::{b}", rerun="", model=replace(run.results[0].model, text=""))
    plain = replace(run.results[0], nodeid="é::\\n[x|y]", rerun="pytest é::\\n[x|y] é::\\n[x|y]")
    run = replace(run, results=(odd, plain))
    (tmp_path / "run.json").write_bytes(dump_run(run))
    assert load_run(tmp_path) == run


def test_a_large_record_stays_under_five_megabytes() -> None:
    run = made_up_run(119, 50)
    facts = tuple((f"fact {number}", f"said at length of {number}") for number in range(6))
    results = tuple(
        replace(
            result,
            model=replace(result.model, facets=tuple((f"facet{number}", "value") for number in range(14))),
            verdict=replace(result.verdict, facts=(*facts, ("z", f"{place % 400 / 100:+.2f}"))),
        )
        for place, result in enumerate(run.results)
    )
    grown = replace(run, results=results)
    size = len(dump_run(grown))
    assert size < 5_000_000
    # As many earlier verdicts as a run remembers.
    past = past_of(replace(grown, id="before"), results)
    assert len(dump_run(replace(grown, past=past))) < size + 500_000


def test_the_past_is_kept_and_one_written_out_is_read(tmp_path: Path) -> None:
    run = made_up_run(2, 2)
    run = replace(run, past=past_of(replace(run, id="before"), run.results))
    (tmp_path / "run.json").write_bytes(dump_run(run))
    assert load_run(tmp_path) == run
    written = json.loads(dump_run(run))
    written.pop("checksum")
    written["past"] = TypeAdapter(tuple[Past, ...]).dump_python(run.past, mode="json")
    (tmp_path / "run.json").write_text(json.dumps(written))
    assert load_run(tmp_path) == run


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"schema": 1}',
        '{"schema": 1, "id": 3}',
        '{"schema": 2}',
        '{"schema": 2, "tables": {"scores": []}, "results": [{"check": 0}], "trends": []}',
    ],
)
def test_a_damaged_record_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError, match="damaged"):
        load_run(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema": 3}', '{"schema": [1]}'])
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
