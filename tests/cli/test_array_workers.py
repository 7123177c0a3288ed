"""The workers of a job array: one that dies is told, whatever the cluster keeps account of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from colour_data import write_colours
from command import Robustcheck

from robustcheck.cli.array_workers import Waiting, Worker, slurm_queue
from robustcheck.errors import RecordError
from robustcheck.run.work import Work


@dataclass
class Paths:
    result_pickle: Path
    stderr: str = "logs/7_0.err"


@dataclass
class Job:
    """What submitit knows of a job."""

    job_id: str
    paths: Paths
    work: Work = field(default_factory=Work)
    raised: Exception | None = None
    said: str | None = ""

    def stderr(self) -> str | None:
        return self.said

    def done(self) -> bool:
        return True

    def exception(self) -> Exception | None:
        return self.raised

    def result(self) -> Work:
        return self.work


def job(tmp_path: Path, name: str, *, has_result: bool = True, **facts: object) -> Job:
    paths = Paths(tmp_path / f"{name}.pkl")
    if has_result:
        paths.result_pickle.write_bytes(b"1")
    return Job(name, paths, **facts)  # type: ignore[arg-type]


def ends(waiting: Waiting) -> dict[str, tuple[str, ...]]:
    return {job.job_id: tuple(errors) for job, errors in waiting.ends()}


def test_a_job_that_left_the_queue_without_a_result_is_told_with_its_last_words(tmp_path: Path) -> None:
    killed = job(tmp_path, "7_0", has_result=False, said="one\nsrun: error: vm: task 0: Killed\n")
    found = ends(Waiting([killed, job(tmp_path, "7_1")], lambda: frozenset(), patience=0))
    assert found["7_1"] == ()
    (text,) = found["7_0"]
    assert text.startswith("it ended without a result")
    assert text.endswith("task 0: Killed")
    assert "Submit the same file again" in text


def test_a_job_is_not_given_up_while_it_is_queued_or_nobody_knows(tmp_path: Path) -> None:
    looks: Iterator[frozenset[str] | None] = iter([frozenset({"7_0"}), None, frozenset({"7_0"}), frozenset()])
    (found,) = ends(Waiting([job(tmp_path, "7_0", has_result=False)], lambda: next(looks), patience=0)).values()
    assert found
    assert next(looks, "used up") == "used up"


def test_errors_of_a_worker_are_told_once_each(tmp_path: Path) -> None:
    errors = [RecordError("one image is gone"), RecordError("one image is gone")]
    told = job(tmp_path, "7_0", work=Work(errors=list(errors)))
    broken = job(tmp_path, "7_1", raised=ValueError("no"))
    found = ends(Waiting([told, broken], None))
    assert found == {"7_0": (str(errors[0]),), "7_1": ("no",)}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 7_0; echo 8", frozenset({"7_0", "8"})),
        ("echo 'Unable to contact slurm controller' >&2; exit 1", None),
        (None, None),
    ],
)
def test_the_queue_of_slurm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, expected: frozenset[str] | None
) -> None:
    if script is not None:
        (tmp_path / "squeue").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm_queue() == expected


def test_a_worker_that_was_stopped_goes_on_where_it_was(robustcheck: Robustcheck, tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'robustcheck[slurm]'")
    write_colours(tmp_path / "colours", 300)
    (tmp_path / "a.robust.yaml").write_text(
        "robustcheck: 1\nmodels: [fake:zero-shot]\nchecks:\n"
        "  - {id: right, measure: {metric: top1, dataset: ./colours}, expect: {at_least: 50%}}\n"
    )
    robustcheck("jobs", "a.robust.yaml", "--images", "256")
    worker = Worker(tmp_path / "jobs.jsonl")
    first = worker(0, 1)
    again = worker.checkpoint(0, 1).result()
    assert (first.chunks, first.heads) == (2, 1)
    assert (again.chunks, again.heads, again.found) == (0, 0, 3)
