"""Locks: one process makes a part or a chunk while the others wait for it or make another.

A lock is a file that is locked with flock, so the kernel frees it when its process dies: there are no heartbeats and
no stale locks. The file is removed by its owner; whoever locked a file that is no longer in its place tries again.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from robustcheck.errors import SetupError


@dataclass(frozen=True, slots=True)
class FileLock:
    """A held lock."""

    path: Path
    descriptor: int

    def release(self) -> None:
        """Remove the file, then let the next one lock it anew."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def lock_file(path: Path, *, wait: bool) -> FileLock | None:
    """Return the lock of a path; where another process holds it, wait for it or return None."""
    while True:
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_in_place(path, descriptor):
            return FileLock(path, descriptor)
        os.close(descriptor)


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags, 0o644)
        except FileNotFoundError:  # the first lock of a store makes the directory of them
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, flags, 0o644)
    except OSError as error:
        raise SetupError(f"the store cannot be written ({error})", where=str(path.parent)) from error


def _is_in_place(path: Path, descriptor: int) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
