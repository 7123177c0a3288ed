"""NPZ files from outside: plain arrays only, each as large as the archive says, none larger than it can honestly be.

Nothing is ever unpickled. The sizes are checked before a byte is expanded: a zip bomb, or a header that claims a
billion rows, is a complaint and not a full memory.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from robustcheck.errors import RobustcheckError
from robustcheck.files.regular import open_regular

Arrays = dict[str, npt.NDArray[Any]]

# Below this an archive may be as dense as it likes; above it, saved outputs never shrink a hundredfold.
_UNSUSPECTED = 2**28
_MOST_DENSE = 100
_MOST_BYTES = 2**34
_LONGEST_HEADER = 2**17
_SUFFIX = ".npy"
_ZIP = b"PK"
_LOCAL_HEADER = 30
# What may lie behind a member that was written as a stream.
_DESCRIPTOR = 24
# What the readers of zip and of numpy's headers raise on damage, each from another depth.
DAMAGE = (
    OSError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
    RuntimeError,
    NotImplementedError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def read_arrays(path: Path, complaint: type[RobustcheckError], *, what: str, expected: str) -> Arrays:
    """Return the arrays of an NPZ file by name; damage of any sort is a complaint."""
    try:
        with open_regular(path) as file:
            return _read_arrays(file)
    except DAMAGE as error:
        found = f"cannot read {what}: {_words(error)}"
        raise complaint(found, where=str(path), expected=expected) from error


def parse_arrays(content: bytes) -> Arrays | None:
    """Return the arrays of NPZ bytes, or None when they are damaged."""
    try:
        return _read_arrays(io.BytesIO(content))
    except DAMAGE:
        return None


def _read_arrays(file: BinaryIO) -> Arrays:
    start = file.read(len(np.lib.format.MAGIC_PREFIX))
    if start == np.lib.format.MAGIC_PREFIX:
        raise ValueError("one bare array")
    if not start.startswith(_ZIP):
        # The readers of zip look from the end, and take anything before it.
        raise ValueError("not an archive")
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if not all(name.endswith(_SUFFIX) for name in names):
            raise ValueError("a member that is not an array")
        if len(set(names)) < len(names):
            raise ValueError("two arrays of one name")
        _refuse_gaps(file, members, archive.start_dir)
        _refuse_bomb(members)
        return {member.filename.removesuffix(_SUFFIX): _array(archive, member) for member in members}


def _refuse_gaps(file: BinaryIO, members: list[zipfile.ZipInfo], end: int) -> None:
    """Make sure that the directory names every member: one changed length in it hides those that follow."""
    place = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if not 0 <= member.header_offset - place <= _DESCRIPTOR:
            raise ValueError("members that its directory does not name")
        file.seek(member.header_offset)
        head = file.read(_LOCAL_HEADER)
        names = struct.unpack("<HH", head[-4:])
        place = member.header_offset + _LOCAL_HEADER + sum(names) + member.compress_size
    if not 0 <= end - place <= _DESCRIPTOR:
        raise ValueError("members that its directory does not name")


def _refuse_bomb(members: list[zipfile.ZipInfo]) -> None:
    whole = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if whole > _MOST_BYTES or whole > max(_UNSUSPECTED, _MOST_DENSE * packed):
        raise ValueError(f"{packed:,} bytes that expand to {whole:,}")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(member) as packed:
        start = packed.read(min(member.file_size, _LONGEST_HEADER))
        head = io.BytesIO(start)
        shape, dtype = _header(head)
        if dtype.hasobject:
            raise ValueError(f"{member.filename} holds Python objects")
        if head.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
            raise ValueError(f"{member.filename} is not as large as its header says")
    with archive.open(member) as packed:
        return np.lib.format.read_array(packed, allow_pickle=False)


def _header(head: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(head)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"an array in the form {version[0]}.{version[1]}")
    shape, _, dtype = readers[version](head)
    if any(length < 0 for length in shape):
        raise ValueError("a negative length")
    return shape, dtype


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "it is larger than the memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
