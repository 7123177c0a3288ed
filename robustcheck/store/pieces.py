"""Pieces: the rows of a chunk in the order in which a run that decides early makes them.

Images mostly lie class by class, so the chunks of such a set say little of each other. A part of the images that is to
stand for all of them has some of every chunk: each chunk is made in pieces, and the rows of a piece are drawn at
random, from a seed that every model on these images shares. A piece has a number like that of a chunk, after those of
the chunks, so that whoever plans, claims or sends chunks handles pieces too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from math import floor

from robustcheck.values.stages import SHARES

PIECES = len(SHARES)


@dataclass(frozen=True, slots=True)
class Pieces:
    """The numbers of the pieces of an array of ``rows`` rows in chunks; ``order`` is the seed of what is drawn."""

    rows: int
    chunk_rows: int
    order: str = ""

    @property
    def chunks(self) -> int:
        """The number of chunks."""
        return -(-self.rows // self.chunk_rows)

    def number(self, chunk: int, piece: int) -> int:
        """Return the number of a piece of a chunk."""
        return self.chunks * (1 + piece) + chunk

    def split(self, number: int) -> tuple[int, int | None]:
        """Return the chunk of a number, and which piece of it that is; None: the whole."""
        above, chunk = divmod(number, self.chunks)
        return chunk, above - 1 if above else None

    def of_chunk(self, chunk: int, stage: int = PIECES - 1) -> tuple[int, ...]:
        """Return the numbers of the pieces of a chunk that are made by the end of a stage; empty ones left out."""
        ends = _ends(self.order, chunk, len(self._whole(chunk)))
        return tuple(self.number(chunk, piece) for piece in range(stage + 1) if ends[piece] < ends[piece + 1])

    def span(self, number: int) -> Sequence[int]:
        """Return the rows of a chunk or of a piece, ascending."""
        chunk, piece = self.split(number)
        whole = self._whole(chunk)
        if piece is None:
            return whole
        return tuple(whole.start + place for place in _drawn(self.order, chunk, len(whole))[piece])

    def share(self, number: int) -> float:
        """Return what part of its chunk a number stands for: 1 where it is the whole."""
        chunk, piece = self.split(number)
        return 1.0 if piece is None else len(self.span(number)) / len(self.span(chunk))

    def _whole(self, chunk: int) -> range:
        start = chunk * self.chunk_rows
        return range(start, min(start + self.chunk_rows, self.rows))


@lru_cache(maxsize=1024)
def _drawn(order: str, chunk: int, rows: int) -> tuple[tuple[int, ...], ...]:
    """Return the places of each piece of a chunk: drawn by a hash, which no version of a library changes."""
    ranked = sorted(range(rows), key=lambda place: _hash(order, chunk, place))
    return tuple(tuple(sorted(ranked[start:end])) for start, end in pairwise(_ends(order, chunk, rows)))


@lru_cache(maxsize=1024)
def _ends(order: str, chunk: int, rows: int) -> tuple[int, ...]:
    """Return 0 and, for each piece of a chunk, how many rows it and those before it have."""
    # Where a share of the rows is not a whole number it is rounded by chance, so that each row is as likely as another.
    chance = int(_hash(order, chunk, "rounding")[:12], 16) / 16**12
    return (0, *(floor(rows * share + chance) if share < 1 else rows for share in SHARES))


def _hash(order: str, chunk: int, what: object) -> str:
    return sha256(f"{order} {chunk} {what}".encode()).hexdigest()
