"""Files on this machine: put in their place whole, and known by their size and times."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from robustcheck.errors import DataError, SetupError

# A file written again within one tick of the file system's clock keeps its times: trust them only when older.
SETTLED_SECONDS = 2.0
_HALF_WRITTEN = ".robustcheck-"
_STALE_SECONDS = 3600.0

Stamp = tuple[int, int, int, int]


def write_atomically(
    path: Path, content: bytes | Iterable[bytes], what: str = "the file", *, lasting: bool = True
) -> None:
    """Put a file, or its pieces, in its place whole: readers see the old one or the new one, never a part.

    ``what`` names it in the SetupError of a full or read-only disk. A ``lasting`` file is on the disk before it is in
    its place; another may be damaged where the machine loses power: it has to check itself and to be made again soon.
    """
    try:
        if path.parent.is_dir():
            clear_stale(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        _write_beside(path, [content] if isinstance(content, bytes) else content, lasting)
    except OSError as error:
        raise SetupError(
            f"cannot write {what}: {error.strerror or error}",
            where=str(path),
            fix="free some space, make the directory writable, or name another place",
        ) from error


@cache
def clear_stale(directory: Path) -> None:
    """Remove what killed runs left half written in a directory, once a process."""
    oldest = time.time() - _STALE_SECONDS
    for left in directory.glob(f"{_HALF_WRITTEN}*"):
        # Another process may have been first, or it is not ours to remove.
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < oldest:
                left.unlink()


def file_stamp(path: Path) -> Stamp:
    """Return a file's size, times and inode.

    The change time also moves when the modification time is set back, and the inode when another file takes the name.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror or error}", where=str(path)) from error
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def is_settled(stamp: Stamp) -> bool:
    """Tell whether a file is old enough for its times to show that it is unchanged."""
    return time.time() - max(stamp[1], stamp[2]) / 1e9 > SETTLED_SECONDS


def _write_beside(path: Path, pieces: Iterable[bytes], lasting: bool) -> None:
    # Opened by name and not by mkstemp, whose files only their owner can read: a store may be shared.
    # Its name holds nothing of the target's, which may be as long as a name can be.
    temporary = path.with_name(f"{_HALF_WRITTEN}{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.writelines(pieces)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
