"""Locks of a directory: one owner at a time, and none that outlives its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from robustcheck.store.locks import lock_file


def test_a_lock_is_for_one_at_a_time_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "a"
    lock = lock_file(path, wait=False)
    assert lock is not None
    assert lock_file(path, wait=False) is None
    lock.release()
    assert not path.exists()
    again = lock_file(path, wait=True)
    assert again is not None
    again.release()


def test_the_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "a"
    code = (
        f"from pathlib import Path; from robustcheck.store.locks import lock_file\n"
        f"lock_file(Path({str(path)!r}), wait=False)\nimport os; os._exit(1)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    )
    assert path.exists()
    lock = lock_file(path, wait=False)
    assert lock is not None
    lock.release()
