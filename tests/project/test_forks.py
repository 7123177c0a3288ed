"""What tests run in another process comes out alike, whether that process was forked or started from nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from forks import run_fork

PROBE = """\
import os, sys

print(sys.argv[1:], os.environ["TOLD"], os.path.samefile(os.getcwd(), sys.path[0]))
print("wörds", file=sys.stderr)
sys.exit(3)
"""


@pytest.mark.parametrize("can_fork", [True, False])
def test_a_module_runs_in_its_place(can_fork: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not can_fork:
        monkeypatch.delattr(os, "fork", raising=False)
    elif not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    done = run_fork(tmp_path, "probe", "-a", "b c", environ={**os.environ, "TOLD": "yes"})
    assert (done.returncode, done.stdout, done.stderr) == (3, "['-a', 'b c'] yes True\n", "wörds\n")
