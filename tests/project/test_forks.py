"""What tests run in another process comes out alike, whether that process was forked or started from nothing."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from forks import run_fork, run_forks

PROBE = """\
import os, sys

print(sys.argv[1:], os.environ["TOLD"], os.path.samefile(os.getcwd(), sys.path[0]))
print("wörds", file=sys.stderr)
sys.exit(3)
"""

WORKERS = """\
import os, sys
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range(2))
def test_that_is_noted(number):
    process = os.getpid(), os.getppid(), sys.argv, os.environ["TOLD"]
    Path(os.environ["PYTEST_XDIST_WORKER"]).write_text(repr(process))
"""

MEETING = """\
import sys, time
from pathlib import Path

ours, theirs = sys.argv[1:]
Path(ours).touch()
until = time.monotonic() + 60
while not Path(theirs).exists() and time.monotonic() < until:
    time.sleep(0.01)
print(ours, "met" if Path(theirs).exists() else "missed", theirs)
"""


@pytest.fixture(params=["forked", "from nothing"])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be started in one way or the other."""
    if request.param == "from nothing":
        monkeypatch.delattr(os, "fork", raising=False)
    elif not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")


@pytest.mark.usefixtures("start")
def test_a_module_runs_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    done = run_fork(tmp_path, "probe", "-a", "b c", environ={**os.environ, "TOLD": "yes"})
    assert (done.returncode, done.stdout, done.stderr) == (3, "['-a', 'b c'] yes True\n", "wörds\n")


@pytest.mark.usefixtures("start")
def test_each_worker_of_xdist_is_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_probe.py").write_text(WORKERS, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    words = ("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:robustcheck", "-n", "2")
    done = run_fork(tmp_path, *words, environ={**environ, "TOLD": "yes"})
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (ast.literal_eval((tmp_path / worker).read_text()) for worker in ("gw0", "gw1"))
    assert first[0] != second[0]
    # The run started both.
    assert first[1:] == second[1:] == (first[1], ["-c"], "yes")


@pytest.mark.usefixtures("start")
def test_several_run_at_the_same_time(tmp_path: Path) -> None:
    (tmp_path / "meeting.py").write_text(MEETING, encoding="utf-8")
    calls = [("meeting", "a", "b"), ("meeting", "b", "a")]
    assert [done.stdout for done in run_forks(tmp_path, *calls)] == ["a met b\n", "b met a\n"]
