"""Progress in pytest: one display of all workers on a terminal, nothing on standard output, and the same results."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from colour_data import write_colours
from forks import run_fork
from package_makers import installer

from robustcheck import registry
from robustcheck.report import load_run
from robustcheck.values import Result

SLOW = """
import time
from dataclasses import dataclass, replace
from robustcheck.models.fake import KIND, FakeZeroShot
from robustcheck.models.kind import KeyFacts
from robustcheck.values import ModelRef


@dataclass
class Slow(FakeZeroShot):
    def encode_images(self, crops):
        time.sleep(0.1)
        return super().encode_images(crops)


MADE = replace(
    KIND,
    name="slow",
    schemes=("slow",),
    parse=lambda reference: ModelRef(f"slow-{reference.rest}", reference.text, "slow", reference.rest, ""),
    content=lambda ref: f"slow {ref.architecture}",
    key=lambda ref: KeyFacts("slow", ref.architecture, "", ()),
    capabilities=lambda ref: frozenset({"embeds images", "embeds text"}),
    load=lambda ref, device, precision: Slow(seed=ref.architecture),
)
"""
SUITE = """\
robustcheck: 1
title: Slow
models: ["slow:a", "slow:b"]
checks:
  - id: level
    measure: {metric: top1, dataset: ./colours}
    expect: {at_least: 10%}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    tmp_path = tmp_path_factory.mktemp("slow")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _make(tmp_path, monkeypatch)
        yield tmp_path
    registry.forget()


@pytest.fixture(scope="module")
def expected(project: Path) -> list[Result]:
    """The results of a run that nobody looks at, which says nothing of how far it is."""
    words = ("-p", "no:cacheprovider", "-q", "--robust-store", "quiet", "--robust-report", "quiet-reports")
    quiet = run_fork(project, "pytest", "a.robust.yaml", *words)
    assert quiet.returncode == 0, quiet.stdout + quiet.stderr
    assert "measuring" not in quiet.stdout + quiet.stderr
    return results(project, "quiet-reports")


def _make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = installer(tmp_path / "installed", monkeypatch)("slow-models", SLOW, "model_kinds")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), str(Path(__file__).parents[2])]))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "tmp").mkdir()
    write_colours(tmp_path / "colours", 512)
    (tmp_path / "a.robust.yaml").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")


def results(project: Path, report: str) -> list[Result]:
    (run,) = (project / report).glob("*/run.json")
    return [replace(result, seconds=0.0, rerun="") for result in load_run(run).results]


def on_a_terminal(project: Path, *words: str) -> str:
    """Run pytest on a terminal of its own, and return all that was drawn on it."""
    command = [sys.executable, "-m", "pytest", "a.robust.yaml", "-p", "no:cacheprovider", *words]
    ours, its = pty.openpty()
    process = subprocess.Popen(command, cwd=project, stdin=its, stdout=its, stderr=its)
    os.close(its)
    drawn = b""
    try:
        while piece := os.read(ours, 65536):
            drawn += piece
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0, drawn.decode()
    return plain(drawn)


def plain(drawn: bytes) -> str:
    """Return what was drawn without colours and columns."""
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.decode()).split())


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "xdist"])
def test_a_terminal_shows_the_measuring_of_all_workers(
    project: Path, expected: list[Result], workers: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    words = ("--robust-batch", "64", "--robust-store", name, "--robust-report", f"{name}-reports")
    drawn = on_a_terminal(project, *words, *workers)
    assert "measuring" in drawn
    assert "/4 chunks" in drawn, "two chunks of two models, whoever makes them"
    assert "2 passed" in drawn
    assert not list((project / "tmp").glob("robustcheck-progress-*"))
    assert results(project, f"{name}-reports") == expected


def test_a_command_keeps_its_output_for_programs(project: Path) -> None:
    words = [sys.executable, "-m", "robustcheck", "measure", "slow:a", "./colours", "top1", "--json", "--batch", "64"]
    ours, its = pty.openpty()
    done = subprocess.run(words, cwd=project, stdout=subprocess.PIPE, stderr=its, text=True, check=True)
    os.close(its)
    drawn = plain(os.read(ours, 65536))
    os.close(ours)
    assert done.stdout.startswith('{"model": "slow:a"')
    assert "/2 chunks" in drawn
