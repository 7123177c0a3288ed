"""The commands jobs, work and submit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from colour_data import write_colours
from command import Robustcheck, refused

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
    assert (first.code, first.out) == (0, "1 line: 0 chunks and 1 head made, 0 found; 0 errors\n")
    second = robustcheck("work", "all.jsonl", "--index", "1", "--of", "2")
    assert (second.code, second.out) == (0, "2 lines: 4 chunks and 0 heads made, 0 found; 0 errors\n")
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
    assert "2 chunks and 1 head made" in said.out
    assert "no fake 'nothing'" in said.err


def test_a_store_that_no_worker_sees_is_refused(robustcheck: Robustcheck, suite: Path) -> None:
    refused(robustcheck("jobs", str(suite), "--store", "memory://here"), "workers cannot share a store in memory")


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
        (("--slurm", "=gpu"), "expected: NAME=VALUE"),
        (("--slurm", "partition="), "expected: NAME=VALUE"),
        (("--slurm", "array-parallelism=2"), "expected: --of and --at-once"),
        (("--logs", "jobs.jsonl"), "jobs.jsonl: the logs cannot be written (File exists)"),
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


# Like Slurm it runs its own copy: submitit moves the script as soon as it is submitted.
SBATCH = """\
#!/bin/sh
for script in "$@"; do :; done
cp "$script" "$FAKE_SLURM/script"
if [ -n "$REFUSES" ]; then echo "sbatch: error: $REFUSES" >&2; exit 1; fi
for index in 0 1; do
    touch "$FAKE_SLURM/queue/7_$index"
    export SLURM_ARRAY_TASK_ID=$index
    (sh "$FAKE_SLURM/script"; rm "$FAKE_SLURM/queue/7_$index") > "$FAKE_SLURM/said_$index" 2>&1 &
done
echo "Submitted batch job 7"
"""
SRUN = """\
#!/bin/sh
while [ "${1#--}" != "$1" ]; do [ "$1" = --unbuffered ] || shift; shift; done
exec "$@"
"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of what stands for Slurm: it runs an array of two, and keeps its script."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'robustcheck[slurm]'")
    place = tmp_path / "a slurm"
    (place / "queue").mkdir(parents=True)
    commands = {"sbatch": SBATCH, "srun": SRUN, "squeue": '#!/bin/sh\nls "$FAKE_SLURM/queue"\n', "sacct": "#!/bin/sh\n"}
    for name, script in commands.items():
        (place / name).write_text(script)
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    at_work = {"ARRAY_JOB_ID": "7", "JOB_ID": "7", "NTASKS": "1", "PROCID": "0", "LOCALID": "0"}
    for name, value in {**at_work, "NODEID": "0", "JOB_NUM_NODES": "1", "JOB_NODELIST": "here"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("FAKE_SLURM", str(place))
    return place


def test_slurm_is_given_the_array_and_what_each_worker_needs(
    robustcheck: Robustcheck, suite: Path, slurm: Path
) -> None:
    robustcheck("jobs", str(suite), "--images", "256")
    words = ("--gpus", "2", "--cpus", "4", "--minutes", "17", "--at-once", "1", "--logs", "the logs", "--wait")
    more = ("--slurm", "partition=gpu", "--slurm", "mem=12GB", "--slurm", "exclusive")
    said = robustcheck("submit", "jobs.jsonl", "--of", "2", "--cluster", "slurm", *words, *more)
    assert (said.code, said.err) == (0, ""), [path.read_text() for path in sorted(slurm.glob("said_*"))]
    assert said.out == "2 workers on slurm: 7_0, 7_1\n2 of 2 workers did all of their lines\n"
    asked = {line.removeprefix("#SBATCH --") for line in (slurm / "script").read_text().splitlines()}
    assert {"array=0-1%1", "cpus-per-task=4", "gpus-per-node=2", "time=17", "job-name=robustcheck"} <= asked
    assert {"partition=gpu", "mem=12GB", "exclusive"} <= asked
    assert robustcheck("jobs", str(suite)).out.startswith("jobs.jsonl: 0 lines")


def test_what_slurm_refuses_is_an_error_in_its_words(
    robustcheck: Robustcheck, suite: Path, slurm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSES", "invalid partition specified: gpu")
    robustcheck("jobs", str(suite))
    refused(
        robustcheck("submit", "jobs.jsonl", "--of", "2", "--cluster", "slurm"),
        "the workers could not be submitted (FailedJobError: sbatch: error: invalid partition specified: gpu",
    )
