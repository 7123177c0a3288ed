"""Arrays in chunks: each chunk a file of its own while the array is made, packed together when it is complete.

A chunk can be made in pieces (pieces.py). It is there when all of them are, and reads as if it had been made at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import SetupError
from robustcheck.store.arrays import Stored, array_file, read_array
from robustcheck.store.packs import Pack, packing, read_pack
from robustcheck.store.pieces import PIECES, Pieces
from robustcheck.store.storage import Storage, holding

CHUNK = 256

# A pack holds the chunks of 262,144 images: its header stays small, and it can be read and written in a stream.
PACK_CHUNKS = 1024
# Packing saves the opening of many small files. Chunks from this size on are better left as they are.
_PACKED_BYTES = 4 * 2**20
_SHAPES = "shapes of the rows"

# The rows of a chunk: one array (n, ...), or n arrays of several shapes.
Rows = npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]


@dataclass(frozen=True, slots=True)
class Chunks:
    """An array in chunks; ``pieces`` says how many rows it has, and in which chunks and pieces they lie.

    A row is an array of one shape for all rows, or of its own shape: then the chunk is a tuple of arrays. Where an
    index is asked for, the number of a piece will do.
    """

    storage: Storage
    directory: str
    pieces: Pieces
    _packs: dict[int, Pack] = field(default_factory=dict, repr=False, compare=False)

    @property
    def count(self) -> int:
        """The number of chunks of the complete array."""
        return self.pieces.chunks

    @property
    def chunk_rows(self) -> int:
        """The rows of a chunk."""
        return self.pieces.chunk_rows

    def span(self, index: int) -> Sequence[int]:
        """Return the rows of a chunk."""
        return self.pieces.span(index)

    def missing(self) -> tuple[int, ...]:
        """Return the chunks that are absent or damaged, by reading each."""
        return tuple(index for index in range(self.count) if self.read(index) is None)

    def listed(self) -> tuple[int, ...]:
        """Return the chunks that are there, damaged or not, by one listing."""
        there = {kept.name for kept in self.storage.files(self.directory)}
        if not there:
            return ()
        packed = {first for first in range(0, self.count, PACK_CHUNKS) if self._pack_name(first) in there}

        def is_listed(index: int) -> bool:
            return self._name(index) in there or all(
                self._name(piece) in there for piece in self.pieces.of_chunk(index)
            )

        return tuple(
            index for index in range(self.count) if index // PACK_CHUNKS * PACK_CHUNKS in packed or is_listed(index)
        )

    def lacking(self, index: int) -> tuple[int, ...]:
        """Return what is to be made of a chunk that is not whole: all of it at once, or the rest of its pieces."""
        pieces = self.pieces.of_chunk(index) if index < self.count else ()
        # Pieces are made in their order: without the first one there is none.
        if not pieces or not self.storage.has(self._name(pieces[0])):
            return (index,)
        return tuple(piece for piece in pieces if read_array(self.storage, self._name(piece)) is None) or (index,)

    def has(self, index: int) -> bool:
        """Say whether a chunk is there, without reading it: what is there is whole unless the disk damaged it."""
        chunk, piece = self.pieces.split(index)
        if piece is not None and self.storage.has(self._name(index)):
            return True
        if chunk // PACK_CHUNKS in self._packs or self.storage.has(self._name(chunk)) or self._pack(chunk) is not None:
            return True
        return piece is None and all(self.storage.has(self._name(each)) for each in self.pieces.of_chunk(chunk))

    def read(self, index: int) -> Rows | None:
        """Return one chunk, or None when it is absent or damaged."""
        chunk, piece = self.pieces.split(index)
        if piece is None:
            return self._unpacked(index, self._stored(index) or self._joined(index))
        found = self._unpacked(index, read_array(self.storage, self._name(index)))
        if found is not None:
            return found
        whole = self._unpacked(chunk, self._stored(chunk))
        return None if whole is None or isinstance(whole, tuple) else whole[self._places(index)]

    def read_seen(self, chunk: int, stage: int) -> npt.NDArray[Any] | None:
        """Return one chunk as far as it is made by the end of a stage: other rows are 0. None where that is not there.

        Chunks whose rows have several shapes are not made in pieces.
        """
        found = {number: self.read(number) for number in self.pieces.of_chunk(chunk, stage)}
        rows: npt.NDArray[Any] | None = None
        for number, piece in found.items():
            if piece is None or isinstance(piece, tuple):
                return None
            if rows is None:
                rows = np.zeros((len(self.span(chunk)), *piece.shape[1:]), piece.dtype)
            rows[self._places(number)] = piece
        return np.empty((0,)) if rows is None else rows

    def facts(self, index: int) -> Mapping[str, Any]:
        """Return the facts that were written with one chunk; nothing where it is absent or damaged."""
        stored = self._stored(index)
        return {} if stored is None else stored.facts

    def write(self, index: int, rows: Rows, facts: Mapping[str, Any]) -> None:
        """Keep one chunk with the facts of its making; where another process was first, its chunk stays."""
        if len(rows) != len(self.span(index)):
            raise ValueError(f"chunk {index} has {len(rows)} rows, expected {len(self.span(index))}")
        if isinstance(rows, tuple) and self.pieces.split(index)[1] is not None:
            raise ValueError(f"piece {index} has rows of several shapes, and only whole chunks may")
        if isinstance(rows, tuple):
            facts = {**facts, _SHAPES: [list(row.shape) for row in rows]}
            rows = np.concatenate([row.ravel() for row in rows])
        content = array_file(rows, facts)
        if (
            not self.storage.write_new(self._name(index), content)
            and read_array(self.storage, self._name(index)) is None
        ):
            self.storage.write(self._name(index), [content])

    def pack(self, written: Iterable[int] | None = None) -> None:
        """Put the chunks into few files, as far as they are all there; read everything as before meanwhile.

        A disk without room for both leaves the chunks in files of their own, from which they are read as well.
        ``written`` are those that were just made: only the packs that they belong to can have become complete.
        """
        made = None if written is None else {self.pieces.split(index)[0] for index in written}
        for first in range(0, self.count, PACK_CHUNKS):
            part = range(first, min(first + PACK_CHUNKS, self.count))
            if (made is None or made & set(part)) and self._is_due(part, made or set()):
                lock = f"locks/pack-{self.directory.rpartition('/')[2][:40]}-{first}"
                with suppress(SetupError, OSError), holding(self.storage, lock):
                    self._pack_part(part)

    def _is_due(self, part: range, made: set[int]) -> bool:
        """Say whether a part is complete and not packed, or was packed and has chunks that were made again."""
        if self.storage.has(self._pack_name(part.start)):
            return any(self._has_own(index) for index in made or part)
        # Mostly a neighbour of what was just made is still missing: to see that takes no listing of thousands of files.
        ends = {index for index in (min(made, default=0) - 1, max(made, default=0) + 1) if index in part} - made
        if len(part) == 1 or not all(self._has_own(index) for index in ends):
            return False
        return set(part) <= set(self.listed())

    def _pack_part(self, part: range) -> None:
        with packing() as writer:
            for index in part:
                stored = self._stored(index) or self._joined(index)
                if stored is None or stored.array.nbytes >= _PACKED_BYTES:
                    return
                writer.add(_tensor(index), stored)
            self.storage.write(self._pack_name(part.start), writer.pieces())
        # The pack is in its place: a reader that no longer finds a chunk's own file looks there.
        self._packs.clear()
        own = {self._name(number) for index in part for number in (index, *self.pieces.of_chunk(index))}
        for kept in tuple(self.storage.files(self.directory)):
            if kept.name in own:
                self.storage.remove(kept.name)

    def _has_own(self, index: int) -> bool:
        """Say whether a chunk has files of its own: one, or all pieces."""
        pieces = self.pieces.of_chunk(index)
        return self.storage.has(self._name(index)) or all(self.storage.has(self._name(piece)) for piece in pieces)

    def _joined(self, index: int) -> Stored | None:
        """Return a chunk from its pieces, in the order of its rows, with the facts of the first; None without one."""
        stored = [read_array(self.storage, self._name(number)) for number in self.pieces.of_chunk(index, 0)]
        rows = self.read_seen(index, PIECES - 1) if all(stored) else None
        if rows is None or len(rows) != len(self.span(index)):
            return None
        return Stored(rows, next((each.facts for each in stored if each is not None), {}))

    def _places(self, index: int) -> list[int]:
        """Return the places of the rows of a piece in its chunk."""
        start = self.pieces.split(index)[0] * self.chunk_rows
        return [row - start for row in self.span(index)]

    def _unpacked(self, index: int, stored: Stored | None) -> Rows | None:
        """Return the rows of a chunk, or None where they are not as many as it has."""
        rows = None if stored is None else _unpacked(stored)
        return rows if rows is not None and len(rows) == len(self.span(index)) else None

    def _stored(self, index: int) -> Stored | None:
        """Return a chunk from the pack that is known, from its own file, or from a pack that was made meanwhile."""
        known = self._packs.get(index // PACK_CHUNKS)
        if known is not None and (found := known.read(self.storage, _tensor(index))) is not None:
            return found
        found = read_array(self.storage, self._name(index))
        if found is None and (pack := self._pack(index)) is not None:
            found = pack.read(self.storage, _tensor(index))
        return found

    def _pack(self, index: int) -> Pack | None:
        number = index // PACK_CHUNKS
        if (pack := read_pack(self.storage, self._pack_name(number * PACK_CHUNKS))) is not None:
            self._packs[number] = pack
        return pack

    def _name(self, index: int) -> str:
        chunk, piece = self.pieces.split(index)
        return f"{self.directory}/{chunk:06d}.array" if piece is None else f"{self.directory}/{chunk:06d}-{piece}.array"

    def _pack_name(self, first: int) -> str:
        return f"{self.directory}/{first:06d}.safetensors"


def _tensor(index: int) -> str:
    return f"{index:06d}"


def _unpacked(stored: Stored) -> Rows:
    """Return the rows of a chunk; rows of several shapes lie end to end, their shapes among the facts."""
    shapes = stored.facts.get(_SHAPES)
    if shapes is None:
        return stored.array
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return tuple(flat.reshape(shape) for flat, shape in zip(np.split(stored.array, ends[:-1]), shapes, strict=True))
