"""Files that users name, opened only if they are regular files: a pipe or a device must not hang a run.

What is wrong is an ``OSError`` whose ``strerror`` says it in words, so each reader adds its own place and advice.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_SORTS = (
    (stat.S_ISDIR, "it is a directory, not a file"),
    (stat.S_ISFIFO, "it is a named pipe, not a regular file"),
    (stat.S_ISSOCK, "it is a socket, not a regular file"),
)


def is_regular(path: Path) -> bool:
    """Tell whether a path is a regular file, or a link to one; a name that cannot exist is not."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading bytes; raise OSError for anything else, without waiting for a writer."""
    descriptor = _descriptor(path)
    try:
        if reason := irregular(os.fstat(descriptor)):
            raise OSError(errno.EINVAL, reason, str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def irregular(status: os.stat_result) -> str:
    """Say why a status is not that of a regular file; an empty text where it is."""
    if stat.S_ISREG(status.st_mode):
        return ""
    return next((reason for is_sort, reason in _SORTS if is_sort(status.st_mode)), "it is a device, not a regular file")


def _descriptor(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:
        raise OSError(errno.EINVAL, "its name holds a NUL character", str(path)) from error
