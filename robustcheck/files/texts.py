"""Text files: regular ones, of a bounded size, in UTF-8; anything else is a complaint with its place.

What stands around a text does not count: white space, and the byte-order marks that editors and spreadsheets leave.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from robustcheck.errors import RobustcheckError
from robustcheck.files.regular import open_regular

# Far above any honest table; below what fills the memory.
MOST_BYTES = 2**30

# A byte-order mark belongs before a file; editors and spreadsheets also leave it inside.
_MARKS = "\ufeff\u200b"
_LONGEST_NAME = 1_000
_LINE_END = re.compile("\r\n|\r|\n")


def read_bytes(
    path: Path, complaint: type[RobustcheckError], *, expected: str = "", most: int = MOST_BYTES, what: str = ""
) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes; ``what`` names it in messages."""
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > most:
                raise complaint(f"{size:,} bytes", where=str(path), expected=f"at most {most:,} bytes")
            return stream.read()
    except OSError as error:
        named = f"{what} cannot be read" if what else "cannot be read"
        raise complaint(f"{named}: {error.strerror or error}", where=str(path), expected=expected) from error


def read_text(
    path: Path,
    complaint: type[RobustcheckError],
    *,
    expected: str = "a UTF-8 text file",
    most: int = MOST_BYTES,
    what: str = "",
) -> str:
    """Return a UTF-8 text, without a byte-order mark; another encoding is a complaint with its place."""
    content = read_bytes(path, complaint, expected=expected, most=most, what=what)
    return decoded(content, str(path), complaint, expected=expected)


def decoded(
    content: bytes, where: str, complaint: type[RobustcheckError], *, expected: str = "a UTF-8 text file"
) -> str:
    """Return bytes as UTF-8 text, without a byte-order mark; a NUL byte means another encoding or damage."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        place = f"{where}:{line}:{column}"
        raise complaint("the file is not UTF-8 text", where=place, expected=expected) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise complaint("a NUL byte in the text", where=f"{where}:{line}", expected=expected)
    return text


def lines_of(text: str) -> list[str]:
    r"""Return the lines of a text as editors count them, without their ends.

    ``str.splitlines`` also splits at separators that may stand inside a value, and so would move every later line.

    >>> lines_of("a\u2028b\r\nc\n")
    ['a\u2028b', 'c']
    """
    lines = _LINE_END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def name_in(text: str, complaint: type[RobustcheckError], where: str) -> str:
    """Return a name without what stands around it; a very long one is a complaint.

    An array of texts gives every row the room of the longest: one cell would fill the memory.
    """
    name = stripped(text)
    if len(name) > _LONGEST_NAME:
        found = f"a text of {len(name):,} characters where a name or a number should be"
        raise complaint(found, where=where, expected=f"at most {_LONGEST_NAME:,} characters")
    return name


def stripped(text: str) -> str:
    r"""Return a text without the white space and byte-order marks around it.

    >>> stripped("\ufeff cat ")
    'cat'
    """
    while (inner := text.strip().strip(_MARKS)) != text:
        text = inner
    return text
