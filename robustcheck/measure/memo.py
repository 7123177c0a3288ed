"""The memo: one way to every stored part, which is read, else made and then written.

Heads and derived parts are made where they are asked for. Outputs take a pass over images, which is planned and
shared (jobs.py): until all their chunks are stored, asking for them raises ``NotStored``. Only measuring catches it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.measure.embedded_texts import EmbeddedTexts
from robustcheck.measure.parts import Derived, Head, Outputs, Part
from robustcheck.models.encoders import LoadedModel, ZeroShotModel, text_outputs, text_tower
from robustcheck.models.model_errors import as_model_error
from robustcheck.outputs.logits import TextHead, text_weights
from robustcheck.store import Chunks, Lock, Rows, Store, Stored, holding
from robustcheck.values import ModelRef

MIB = 2**20
_KEPT_BYTES = 64 * MIB
_CHUNKS_BYTES = 512 * MIB

Ints = npt.NDArray[np.int64]


class NotStored(Exception):
    """A part that has to be measured first."""

    def __init__(self, part: Part) -> None:
        super().__init__(f"{part.kind} {part.key[:12]}")
        self.part = part


@dataclass(slots=True)
class Memo:
    """The parts of a store. Without ``model_of`` heads are not made either: what lacks one is not stored."""

    store: Store
    model_of: Callable[[ModelRef], LoadedModel] | None = None
    _kept: OrderedDict[str, Stored] = field(default_factory=OrderedDict)
    _kept_bytes: list[int] = field(default_factory=lambda: [0])
    _whole: dict[str, set[int]] = field(default_factory=dict)
    _making: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _embedded: EmbeddedTexts = field(default_factory=EmbeddedTexts)

    def without_models(self) -> Memo:
        """Return this memo for looking only: a head that is not stored raises NotStored."""
        return replace(self, model_of=None)

    def get(self, part: Head | Derived) -> Stored:
        """Return a part: kept, read, or made and written."""
        found = self._kept.get(part.key) or self.store.read(part.kind, part.key) or self._made_now(part)
        self._keep(part.key, found)
        return found

    def has(self, part: Head | Derived) -> bool:
        """Say whether a part is stored and whole."""
        return part.key in self._kept or self.store.read(part.kind, part.key) is not None

    def head(self, part: Head) -> TextHead:
        """Return a text head."""
        stored = self.get(part)
        return TextHead(stored.array, float(stored.facts["logit_scale"]), float(stored.facts["logit_bias"]))

    def model(self, ref: ModelRef, part: Part) -> LoadedModel:
        """Return the loaded model that a part is made with; raise NotStored without models."""
        if self.model_of is None:
            raise NotStored(part)
        return self.model_of(ref)

    def rows(self, outputs: Outputs) -> StoredRows:
        """Return the rows of outputs, read as they are asked for; raise NotStored unless every one that is meant is."""
        chunks = self.chunks(outputs)
        if not all(map(chunks.has, _wanted(outputs))):
            raise NotStored(outputs)
        return StoredRows(outputs, chunks)

    def missing(self, outputs: Outputs, among: Iterable[int] | None = None) -> tuple[int, ...]:
        """Return the chunks, of all that are meant or of some, that are absent or damaged; of those begun, the pieces.

        Each is read once a process, to see that it is whole.
        """
        chunks, whole = self.chunks(outputs), self._whole.setdefault(outputs.key, set())
        asked = tuple(_wanted(outputs) if among is None else among)
        # Of a whole set one listing tells what is there at all; for a few chunks it would be longer than they are.
        is_listed = among is None and outputs.stage is None and len(whole) < chunks.count
        there = chunks.listed() if is_listed else asked
        whole.update(index for index in there if index not in whole and chunks.read(index) is not None)
        lacking = [index for index in asked if index not in whole]
        return tuple(number for index in lacking for number in chunks.lacking(index))

    def not_listed(self, outputs: Outputs) -> int:
        """Return how many chunks of outputs are not there: by a listing, where ``missing`` reads each that is."""
        chunks = self.chunks(outputs)
        return chunks.count - len(chunks.listed())

    def is_stored(self, outputs: Outputs, chunk: int, *, looks: bool = True) -> bool:
        """Say whether a chunk is stored and, where it was there before this process looked, whole.

        Without ``looks`` what this process knows already has to do.
        """
        whole = self._whole.setdefault(outputs.key, set())
        if looks and chunk not in whole and self.chunks(outputs).read(chunk) is not None:
            whole.add(chunk)
        return chunk in whole

    def chunks(self, outputs: Outputs) -> Chunks:
        """Return the chunks of outputs, stored or not."""
        images, rows = outputs.images, outputs.reading.chunk_rows
        return self.store.chunks(outputs.kind, outputs.key, images.count, rows, images.fingerprint)

    def making(self, outputs: Outputs) -> Mapping[str, Any]:
        """Return the facts that outputs were written with, those of their first chunk; nothing where it is absent."""
        if outputs.key not in self._making and (facts := self.chunks(outputs).facts(0)):
            self._making[outputs.key] = facts
        return self._making.get(outputs.key, {})

    def pack(self, outputs: Outputs, written: Iterable[int]) -> None:
        """Put the chunks of outputs into few files, where those just written were the last ones."""
        self.chunks(outputs).pack(written)

    def take_lock(self, key: str, *, wait: bool) -> Lock | None:
        """Return the lock by which processes agree on who makes what has this key, or None while another has it."""
        return self.store.storage.take_lock(_lock_name(key), wait=wait)

    def _made_now(self, part: Head | Derived) -> Stored:
        """Make a part that is not stored; raise NotStored where that is not possible, if that shows without a lock."""
        if isinstance(part, Derived) and part.is_quick:
            return self._make(part)
        if isinstance(part, Head):
            # Workers need the model for the images too: they load it side by side, and not one after another.
            self.model(part.ref, part)
        elif self.model_of is None:
            for outputs in (need for need in part.needs if isinstance(need, Outputs)):
                self.rows(outputs)
        with holding(self.store.storage, _lock_name(part.key)):
            # Another process may have made it while this one waited.
            return self.store.read(part.kind, part.key) or self._make(part)

    def _make(self, part: Head | Derived) -> Stored:
        made = part.make(self) if isinstance(part, Derived) else self._made_head(part)
        self.store.write(part.kind, part.key, made.array, made.facts)
        return made

    def _made_head(self, part: Head) -> Stored:
        assert self.model_of is not None, "without a model a head is not made"
        model = self.model_of(part.ref)
        assert isinstance(model, ZeroShotModel), "only a model that embeds text has a head of texts"
        with as_model_error(part.ref, "reading its logit scale"):
            scale = {"logit_scale": float(model.logit_scale), "logit_bias": float(model.logit_bias)}
        tower = text_tower(model, part.ref)
        weights = text_weights(
            lambda texts: self._embedded.embed(tower, texts, lambda new: text_outputs(model, new, part.ref)), part.texts
        )
        return Stored(weights, {**part.facts, **scale})

    def _keep(self, key: str, found: Stored) -> None:
        # The count of bytes is shared with the memos that look only, as what they keep is.
        self._kept_bytes[0] += found.array.nbytes if key not in self._kept else 0
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and self._kept_bytes[0] > _KEPT_BYTES:
            self._kept_bytes[0] -= self._kept.popitem(last=False)[1].array.nbytes


@dataclass(slots=True)
class StoredRows:
    """Outputs read in a stream: chunks are read when a row of theirs is asked for, and kept while they fit."""

    outputs: Outputs
    chunks: Chunks
    _read: OrderedDict[int, Rows] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def take(self, rows: Ints) -> npt.NDArray[Any]:
        """Return rows (n, ...), in the order of ``rows``; raise NotStored where a chunk is damaged."""
        rows = np.asarray(rows)
        found: npt.NDArray[Any] | None = None
        of_chunk = rows // self.chunks.chunk_rows
        for index in np.unique(of_chunk):
            chunk = self.chunk(int(index))
            assert not isinstance(chunk, tuple), "rows of several shapes are read chunk by chunk"
            if found is None:
                found = np.empty((len(rows), *chunk.shape[1:]), chunk.dtype)
            inside = of_chunk == index
            found[inside] = chunk[rows[inside] - index * self.chunks.chunk_rows]
        return np.empty((0,)) if found is None else found

    def chunk(self, index: int) -> Rows:
        """Return one chunk."""
        if index not in self._read:
            stage = self.outputs.stage
            chunk = self.chunks.read(index) if stage is None else self.chunks.read_seen(index, stage)
            if chunk is None:
                raise NotStored(self.outputs)
            self._read[index] = chunk
            self._bytes += _size(chunk)
            while self._bytes > _CHUNKS_BYTES and len(self._read) > 1:
                self._bytes -= _size(self._read.popitem(last=False)[1])
        self._read.move_to_end(index)
        return self._read[index]


def _wanted(outputs: Outputs) -> Iterable[int]:
    """Return the numbers of all chunks; with a stage, of the pieces that it and the stages before it read."""
    pieces, stage = outputs.pieces, outputs.stage
    if stage is None:
        return range(pieces.chunks)
    return [number for chunk in range(pieces.chunks) for number in pieces.of_chunk(chunk, stage)]


def _lock_name(key: str) -> str:
    return f"locks/{key[:40]}"


def _size(rows: Rows) -> int:
    return sum(row.nbytes for row in rows) if isinstance(rows, tuple) else rows.nbytes
