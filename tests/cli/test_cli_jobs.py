"""The commands jobs, work and submit."""

from __future__ import annotations

from pathlib import Path

import pytest
from colour_data import write_colours
from command import Robustcheck

SUITE = """\
robustcheck: 1
title: Colours
models: ["fake:zero-shot@a", "fake:{other}"]
checks:
  - id: right
    measure: {{metric: top1, dataset: ./colours}}
    expect: {{at_least: 50%}}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    write_colours(tmp_path / "colours", 300)
    path = tmp_path / "a.robust.yaml"
    path.write_text(SUITE.format(other="classifier"))
    return path


def test_lines_are_planned_and_done(robustcheck: Robustcheck, suite: Path) -> None:
    said = robustcheck("jobs", str(suite), "--images", "256", "--out", "all.jsonl")
    assert said.err == ""
    assert (said.code, said.out) == (0, "all.jsonl: 3 lines, 4 chunks and 1 head of 2 models\n")
    first = robustcheck("work", "all.jsonl", "--index", "0", "--of", "2")
    assert (first.code, first.out) == (0, "1 lines: 0 chunks and 1 heads made, 0 were there; 0 errors\n")
    second = robustcheck("work", "all.jsonl", "--index", "1", "--of", "2")
    assert (second.code, second.out) == (0, "2 lines: 4 chunks and 0 heads made, 0 were there; 0 errors\n")
    assert robustcheck("jobs", str(suite)).out == "jobs.jsonl: 0 lines, 0 chunks and 0 heads of 0 models\n"


def test_a_relative_store_is_the_same_one_from_elsewhere(
    robustcheck: Robustcheck, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robustcheck("jobs", str(suite), "--store", "out")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert robustcheck("work", "../jobs.jsonl", "--index", "0").code == 0
    assert (tmp_path / "out" / "v1").is_dir()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_cannot_be_made_ends_with_1(robustcheck: Robustcheck, suite: Path) -> None:
    suite.write_text(SUITE.format(other="nothing"))
    robustcheck("jobs", str(suite))
    said = robustcheck("work", "jobs.jsonl", "--index", "0", "--of", "1")
    assert said.code == 1
    assert "2 chunks and 1 heads made" in said.out
    assert "no fake 'nothing'" in said.err


def test_a_line_that_is_not_there_is_a_mistake(robustcheck: Robustcheck, suite: Path) -> None:
    robustcheck("jobs", str(suite))
    said = robustcheck("work", "jobs.jsonl", "--index", "7")
    assert said.code == 2
    assert "there is no part 7" in said.err


def test_local_workers_do_an_array(robustcheck: Robustcheck, suite: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'robustcheck[slurm]'")
    robustcheck("jobs", str(suite), "--images", "256")
    said = robustcheck("submit", "jobs.jsonl", "--of", "2", "--cluster", "local", "--gpus", "0", "--logs", "logs")
    assert said.code == 0, said.err
    assert said.out.endswith("2 of 2 workers did all of their lines\n")
    assert robustcheck("jobs", str(suite)).out.startswith("jobs.jsonl: 0 lines")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--cluster", "moon"), "--cluster moon"),
        (("--slurm", "gpu"), "expected: NAME=VALUE"),
    ],
)
def test_what_cannot_be_submitted_is_an_error_in_words(
    robustcheck: Robustcheck, suite: Path, words: tuple[str, ...], message: str
) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'robustcheck[slurm]'")
    robustcheck("jobs", str(suite))
    said = robustcheck("submit", "jobs.jsonl", "--of", "2", "--cluster", "local", *words)
    assert said.code == 2
    assert message in said.err
