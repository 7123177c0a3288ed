"""The store: arrays on disk under keys that hold everything their values depend on.

Every file checks itself (the first line holds the sha256 of the rest) and appears whole or not at
all (written beside its place, flushed, then renamed), so that a killed run loses at most the
chunk it was writing and concurrent writers cannot spoil each other. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.disk import write_atomically
from robustcheck.errors import SetupError

SCHEMA = 1
CHUNK = 256

_MAGIC = "robustcheck-array"
_SHAPES = "shapes of the rows"

# The rows of a chunk: one array (n, ...), or n arrays of several shapes.
Rows = npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]


def content_key(facts: Mapping[str, Any]) -> str:
    """Return the sha256 of the facts as canonical JSON; equal facts, equal key.

    >>> content_key({"a": 1, "b": [2]}) == content_key({"b": [2], "a": 1})
    True
    """
    return hashlib.sha256(_canonical({"schema": SCHEMA, **facts})).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """An array of the store with the facts that were written beside it."""

    array: npt.NDArray[Any]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Store:
    """A directory of content-addressed arrays."""

    root: Path

    def read(self, kind: str, key: str) -> Stored | None:
        """Return a whole array, or None when it is not there or damaged."""
        return read_array(self._place(kind, key) / "whole.array")

    def write(self, kind: str, key: str, array: npt.NDArray[Any], facts: Mapping[str, Any]) -> None:
        """Keep a whole array with its facts."""
        write_array(self._place(kind, key) / "whole.array", array, facts)

    def chunks(self, kind: str, key: str, rows: int, chunk_rows: int = CHUNK) -> Chunks:
        """Return the chunked array of a key, which has ``rows`` rows when complete."""
        return Chunks(self._place(kind, key), rows, chunk_rows)

    def _place(self, kind: str, key: str) -> Path:
        return self.root / f"v{SCHEMA}" / kind / key[:2] / key


@dataclass(frozen=True, slots=True)
class Chunks:
    """An array in chunks of ``chunk_rows`` rows, each a file of its own.

    A row is an array of one shape for all rows, or of its own shape: then the chunk is a tuple of arrays.
    """

    directory: Path
    rows: int
    chunk_rows: int = CHUNK

    @property
    def count(self) -> int:
        """The number of chunks of the complete array."""
        return -(-self.rows // self.chunk_rows)

    def span(self, index: int) -> range:
        """Return the rows of a chunk."""
        return range(index * self.chunk_rows, min((index + 1) * self.chunk_rows, self.rows))

    def missing(self) -> tuple[int, ...]:
        """Return the chunks that are absent or damaged, by reading each."""
        return tuple(index for index in range(self.count) if self.read(index) is None)

    def has(self, index: int) -> bool:
        """Say whether a chunk is there, without reading it: what is there is whole unless the disk damaged it."""
        return self._path(index).exists()

    def read(self, index: int) -> Rows | None:
        """Return one chunk, or None when it is absent or damaged."""
        stored = read_array(self._path(index))
        if stored is None:
            return None
        rows = _unpacked(stored)
        return rows if len(rows) == len(self.span(index)) else None

    def write(self, index: int, rows: Rows, facts: Mapping[str, Any]) -> None:
        """Keep one chunk with the facts of its making."""
        if len(rows) != len(self.span(index)):
            raise ValueError(f"chunk {index} has {len(rows)} rows, expected {len(self.span(index))}")
        if isinstance(rows, tuple):
            shapes = [list(row.shape) for row in rows]
            write_array(self._path(index), np.concatenate([row.ravel() for row in rows]), {**facts, _SHAPES: shapes})
        else:
            write_array(self._path(index), rows, facts)

    def _path(self, index: int) -> Path:
        return self.directory / f"{index:06d}.array"


def _unpacked(stored: Stored) -> Rows:
    """Return the rows of a chunk; rows of several shapes lie end to end, their shapes among the facts."""
    shapes = stored.facts.get(_SHAPES)
    if shapes is None:
        return stored.array
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return tuple(flat.reshape(shape) for flat, shape in zip(np.split(stored.array, ends[:-1]), shapes, strict=True))


def write_array(path: Path, array: npt.NDArray[Any], facts: Mapping[str, Any]) -> None:
    """Write an array and its facts as one file that checks itself, atomically."""
    buffer = io.BytesIO()
    buffer.write(_canonical(facts) + b"\n")
    np.save(buffer, array, allow_pickle=False)
    body = buffer.getvalue()
    write_atomically(path, f"{_MAGIC} {hashlib.sha256(body).hexdigest()}\n".encode() + body)


def read_array(path: Path) -> Stored | None:
    """Return what ``write_array`` wrote, or None when the file is absent or its checksum is wrong."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SetupError(f"the store cannot be read ({error})", where=str(path)) from error
    if head != f"{_MAGIC} {hashlib.sha256(body).hexdigest()}".encode():
        return None
    facts, _, payload = body.partition(b"\n")
    return Stored(np.load(io.BytesIO(payload), allow_pickle=False), json.loads(facts))


def _canonical(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
