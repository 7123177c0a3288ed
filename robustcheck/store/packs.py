"""Packs: many arrays in one file of the safetensors format, each with its checksum and its facts.

The format is eight bytes with the length of the header, the header as JSON (of each array its type, its shape and
where it lies), then the arrays end to end. So one array is read without the others, and any reader of safetensors
reads all of them. The metadata of the header hold the checksums, and a checksum of themselves.
"""

from __future__ import annotations

import hashlib
import json
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.files.json_files import parse_json
from robustcheck.files.texts import decoded
from robustcheck.store.arrays import Stored, canonical_json
from robustcheck.store.storage import Storage

# The names that safetensors has for the types of numpy.
_TYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_NAMES = {numpy_name: name for name, numpy_name in _TYPES.items()}
_METADATA = "__metadata__"
_MOST_HEADER_BYTES = 100_000_000
_HELD_BYTES = 64 * 2**20
_PIECE_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack whose header was read: its arrays are read one by one."""

    name: str
    start: int
    entries: Mapping[str, Mapping[str, Any]]
    sums: Mapping[str, str]
    facts: Mapping[str, Mapping[str, Any]]

    def read(self, storage: Storage, tensor: str) -> Stored | None:
        """Return one array, or None when it is not in the pack or damaged."""
        entry = self.entries.get(tensor)
        if entry is None:
            return None
        first, last = entry["data_offsets"]
        content = storage.read(self.name, self.start + first, self.start + last) if last > first else b""
        if content is None or hashlib.sha256(content).hexdigest() != self.sums[tensor]:
            return None
        array = np.frombuffer(content, np.dtype(_TYPES[entry["dtype"]])).reshape(entry["shape"])
        return Stored(array, self.facts[tensor])


def read_pack(storage: Storage, name: str) -> Pack | None:
    """Read the header of a pack; None where there is no such file, or its header is damaged."""
    length = storage.read(name, 0, 8)
    if length is None or len(length) < 8:
        return None
    (size,) = struct.unpack("<Q", length)
    if size > _MOST_HEADER_BYTES:
        return None
    try:
        header = _parsed(storage.read(name, 8, 8 + size) or b"", name)
        metadata = header.pop(_METADATA)
        is_whole = metadata["sha256"] == _digest(header, metadata["sums"], metadata["facts"])
    except (RecordError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not is_whole:
        return None
    sums, facts = (_parsed(metadata[column].encode(), name) for column in ("sums", "facts"))
    return Pack(name, 8 + size, header, sums, _spread(facts))


def _parsed(content: bytes, name: str) -> Any:
    return parse_json(decoded(content, name, RecordError), name, RecordError)


@contextmanager
def packing() -> Iterator[PackWriter]:
    """Give a writer for as long as the block lasts; what does not fit in memory waits on disk."""
    with tempfile.SpooledTemporaryFile(_HELD_BYTES) as waiting:
        yield PackWriter(waiting)


@dataclass(slots=True)
class PackWriter:
    """Takes arrays one by one and gives the pieces of their pack."""

    _waiting: IO[bytes]
    _entries: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _sums: dict[str, str] = field(default_factory=dict)
    _facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _end: int = 0

    def add(self, tensor: str, stored: Stored) -> None:
        """Take an array under a name."""
        content = np.ascontiguousarray(stored.array).tobytes()
        entry = {"dtype": _NAMES[stored.array.dtype.newbyteorder("<").str], "shape": list(stored.array.shape)}
        self._entries[tensor] = {**entry, "data_offsets": [self._end, self._end + len(content)]}
        self._sums[tensor], self._facts[tensor] = hashlib.sha256(content).hexdigest(), stored.facts
        self._end += len(content)
        self._waiting.write(content)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content of the file."""
        sums, facts = canonical_json(self._sums).decode(), canonical_json(_gathered(self._facts)).decode()
        metadata = {"sums": sums, "facts": facts, "sha256": _digest(self._entries, sums, facts)}
        header = json.dumps({_METADATA: metadata, **self._entries}, separators=(",", ":")).encode()
        # Readers of the format may want the arrays aligned.
        header += b" " * (-len(header) % 8)
        yield struct.pack("<Q", len(header)) + header
        self._waiting.seek(0)
        while piece := self._waiting.read(_PIECE_BYTES):
            yield piece


def _digest(entries: Mapping[str, Any], sums: str, facts: str) -> str:
    return hashlib.sha256(canonical_json({"entries": dict(entries), "sums": sums, "facts": facts})).hexdigest()


def _gathered(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return each different set of facts once, and which of them every array has: mostly all have the same."""
    texts = {tensor: canonical_json(own) for tensor, own in facts.items()}
    places = {text: place for place, text in enumerate(dict.fromkeys(texts.values()))}
    return {"sets": [json.loads(text) for text in places], "of": {name: places[text] for name, text in texts.items()}}


def _spread(gathered: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the facts of each array again."""
    return {tensor: gathered["sets"][place] for tensor, place in gathered["of"].items()}
