"""Job files: what is planned, how it is written, and how workers share its lines."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from colour_data import cell, fake, write_colours

from robustcheck.errors import ModelUnavailable, RecordError, SetupError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.memo import Memo
from robustcheck.measure.recipe import Recipe
from robustcheck.run.job_file import JobFile, plan_job_file, read_job_file, write_job_file
from robustcheck.run.work import do_lines
from robustcheck.values import Cell, ModelRef, Score

N = 600


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("colours"), N)


@pytest.fixture
def cells(colours: Path) -> list[Cell]:
    models = (fake(seed="a"), fake(seed="b"), fake("classifier"))
    return [cell(model, colours, metric) for model in models for metric in ("top1", "top5")]


def bench(store: Path | str) -> Bench:
    return Bench(MeasureSettings(store=store, batch_size=50))


def spans(jobs: JobFile) -> list[tuple[int, int, int]]:
    return [(line.first, line.last, len(line.keys)) for line in jobs.lines if line.images is not None]


def test_lines_are_heads_and_ranges_of_chunks_with_all_models(cells: list[Cell], tmp_path: Path) -> None:
    jobs = plan_job_file(bench(tmp_path / "store"), cells, 512)
    assert [len(line.keys) for line in jobs.lines if line.images is None] == [1, 1]
    assert spans(jobs) == [(0, 2, 3), (2, 3, 3)]
    assert not (tmp_path / "store" / "v1").exists()


def test_a_file_comes_back_as_it_was_written(cells: list[Cell], tmp_path: Path) -> None:
    for store in (tmp_path / "store", "s3://bucket/a store"):
        settings = MeasureSettings(store=store, roots=(tmp_path,), device="cpu", precision="bf16")
        jobs = plan_job_file(bench(tmp_path / "store"), cells, 256)
        jobs = JobFile(type(jobs.header)(1, settings, jobs.header.cells, len(jobs.lines)), jobs.lines)
        write_job_file(tmp_path / "jobs.jsonl", jobs)
        found = read_job_file(tmp_path / "jobs.jsonl")
        assert found.lines == jobs.lines
        assert found.header.cells == jobs.header.cells
        assert str(found.header.settings.store) == str(store)
        assert (tmp_path / "jobs.jsonl").read_text().count("\n") == 1 + len(jobs.lines)


def test_only_what_is_missing_is_planned(cells: list[Cell], tmp_path: Path) -> None:
    one = bench(tmp_path)
    first = plan_job_file(one, cells[:2], 256)
    done = do_lines(one, first.header, first.lines[:2])
    assert (done.lines, done.heads, done.chunks, done.errors) == (2, 1, 1, [])
    assert spans(plan_job_file(bench(tmp_path), cells, 1024)) == [(0, 1, 2), (1, 3, 3)]
    everything = plan_job_file(bench(tmp_path), cells, 1024)
    do_lines(bench(tmp_path), everything.header, everything.lines)
    assert plan_job_file(bench(tmp_path), cells, 1024).lines == ()
    assert all(isinstance(bench(tmp_path).look_up(each), Score) for each in cells)


def test_a_line_that_is_done_again_makes_nothing(cells: list[Cell], tmp_path: Path) -> None:
    jobs = plan_job_file(bench(tmp_path), cells, 1024)
    first = do_lines(bench(tmp_path), jobs.header, jobs.lines)
    again = do_lines(bench(tmp_path), jobs.header, jobs.lines)
    assert (first.chunks, first.heads, first.found) == (9, 2, 0)
    assert (again.chunks, again.heads, again.found) == (0, 0, 11)


@pytest.mark.parametrize("of", [1, 2, 3, 20])
def test_parts_share_all_lines_out(cells: list[Cell], tmp_path: Path, of: int) -> None:
    jobs = plan_job_file(bench(tmp_path), cells, 256)
    parts = [jobs.part(index, of) for index in range(of)]
    assert [line for part in parts for line in part] == list(jobs.lines)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert jobs.part(1, None) == jobs.lines[1:2]


def test_a_part_that_is_not_there_is_refused(cells: list[Cell], tmp_path: Path) -> None:
    jobs = plan_job_file(bench(tmp_path), cells, 1024)
    with pytest.raises(RecordError, match=r"no part 3\n.*from 0 to 2"):
        jobs.part(3, None)
    with pytest.raises(RecordError, match=r"no part 2\n.*from 0 to 1"):
        jobs.part(2, 2)


def test_a_model_that_fails_leaves_the_others_alone(colours: Path, tmp_path: Path) -> None:
    cells = [cell(fake("nothing"), colours), cell(fake(), colours)]
    jobs = plan_job_file(bench(tmp_path), cells, 1024)
    done = do_lines(bench(tmp_path), jobs.header, jobs.lines)
    assert {str(error).partition("\n")[0] for error in done.errors} == {"fake:nothing: no fake 'nothing'"}
    assert done.chunks == 3
    assert isinstance(bench(tmp_path).look_up(cells[1]), Score)


def test_other_images_than_those_planned_are_refused(tmp_path: Path) -> None:
    data = write_colours(tmp_path / "colours", 30)
    jobs = plan_job_file(bench(tmp_path / "store"), [cell(fake("classifier"), data)], 1024)
    write_colours(data, 30, noise=10)
    done = do_lines(bench(tmp_path / "store"), jobs.header, jobs.lines)
    assert done.chunks == 0
    (error,) = done.errors
    assert "not those that the jobs were planned for" in str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "this is not a job file"),
        ("hello\n", "not JSON"),
        ('{"robustcheck_jobs": 9}\n', "a job file of schema 9"),
        ("[1]\n", "a job file of schema None"),
        (
            '{"robustcheck_jobs": 1, "settings": {"store": "x"}, "cells": [], "lines": 1}\n{"cells": "x"}\n',
            "this is not a job file",
        ),
    ],
)
def test_what_is_not_a_job_file_is_an_error_in_words(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "jobs.jsonl").write_text(content)
    with pytest.raises(RecordError, match=message):
        read_job_file(tmp_path / "jobs.jsonl")


def test_a_job_file_that_was_cut_between_two_lines_is_refused(cells: list[Cell], tmp_path: Path) -> None:
    """Its workers would do the lines that are left, and say that all went well."""
    path = tmp_path / "jobs.jsonl"
    write_job_file(path, plan_job_file(bench(tmp_path), cells, 256))
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-2]))
    with pytest.raises(RecordError, match=r"the job file has 3 lines of 5(.|\n)*copy the whole file"):
        read_job_file(path)


def test_a_file_without_lines_says_that_nothing_was_missing(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="nothing was missing when it was written"):
        plan_job_file(bench(tmp_path), [], 256).part(0, None)


def test_a_job_file_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="the job file cannot be read"):
        read_job_file(tmp_path / "none.jsonl")


def test_data_that_are_gone_are_an_error_of_their_line(tmp_path: Path, colours: Path) -> None:
    gone = write_colours(tmp_path / "gone", 30)
    cells = [cell(fake("classifier"), gone), cell(fake("classifier"), colours)]
    jobs = plan_job_file(bench(tmp_path / "store"), cells, 1024)
    shutil.rmtree(gone)
    done = do_lines(bench(tmp_path / "store"), jobs.header, jobs.lines)
    (error,) = done.errors
    assert str(gone) in str(error)
    assert done.chunks == 3


def test_a_store_that_cannot_be_read_is_an_error_of_each_line(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = bench(tmp_path / "store")
    jobs = plan_job_file(worker, cells, 1024)

    def refuse(memo: Memo, part: object, *chunks: object) -> None:
        raise SetupError("the bucket answers 403")

    monkeypatch.setattr(Memo, "missing", refuse)
    monkeypatch.setattr(Memo, "has", refuse)
    done = do_lines(worker, jobs.header, jobs.lines)
    assert [error.found for error in done.errors] == ["the bucket answers 403"] * len(jobs.lines)
    assert done.lines == len(jobs.lines)


def test_weights_that_are_not_here_are_fetched_by_loading_the_model(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, fetched = bench(tmp_path / "store"), set[ModelRef]()
    jobs = plan_job_file(worker, cells, 1024)
    find, load = Bench.recipes, type(worker.models).get

    def recipes(self: Bench, cell: Cell) -> tuple[Recipe, ...]:
        if cell.model not in fetched:
            raise ModelUnavailable("the weights are not here")
        return find(self, cell)

    def get(self: Any, model: ModelRef) -> Any:
        fetched.add(model)
        return load(self, model)

    monkeypatch.setattr(Bench, "recipes", recipes)
    monkeypatch.setattr(type(worker.models), "get", get)
    done = do_lines(worker, jobs.header, jobs.lines)
    assert (done.errors, done.chunks) == ([], 9)
    assert fetched == {each.model for each in cells}
