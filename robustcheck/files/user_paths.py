"""Paths as users write them: ``~`` and relative ones resolved, impossible ones refused in words."""

from __future__ import annotations

import os
from pathlib import Path

from robustcheck.errors import RobustcheckError

_LONGEST_NAME = 255
_LONGEST_PATH = 4096


def user_path(text: str, base: Path, complaint: type[RobustcheckError], *, where: str = "") -> Path:
    """Return the path that a text names, relative to ``base``; it need not exist.

    A NUL character, an unknown user, or a name that no file system takes is a complaint instead of the OSError,
    ValueError or RuntimeError that the first use of such a path would raise.
    """
    if "\0" in text or not _is_name(text):
        raise complaint(f"the path {text!r} has a character in it that no name has", where=where, expected="a path")
    try:
        path = base / Path(text).expanduser()
    except RuntimeError:
        user = Path(text).parts[0]
        raise complaint(f"{user} names no user of this machine", where=where, expected="~/ or the whole path") from None
    if _is_too_long(path):
        raise complaint(
            f"the path {text!r} is longer than a file system takes",
            where=where,
            expected=f"names of at most {_LONGEST_NAME} bytes, {_LONGEST_PATH} in all",
        )
    return path


def is_there(text: str, base: Path) -> bool:
    """Tell whether a text names a file or directory; a path that cannot be names none."""
    return os.path.exists(base / os.path.expanduser(text))


def is_directory(text: str, base: Path) -> bool:
    """Tell whether a text names a directory; a path that cannot be names none."""
    return os.path.isdir(base / os.path.expanduser(text))


def _is_name(text: str) -> bool:
    """Tell whether a text can be a name: half of a surrogate pair can where it stands for a byte that is not UTF-8."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _is_too_long(path: Path) -> bool:
    whole = os.fsencode(path)
    return len(whole) >= _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in whole.split(b"/"))
