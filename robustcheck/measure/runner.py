"""Runners: outputs in the making, batch by batch, one batch under way on the device while the next is prepared."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure.pace import Spent
from robustcheck.measure.parts import Outputs
from robustcheck.measure.reading import Batch, Begins, geometry_of
from robustcheck.models.adapter import LearntHead
from robustcheck.models.encoders import LoadedModel, require_rows
from robustcheck.models.geometry import Geometry
from robustcheck.models.model_errors import as_model_error, does_not_fit
from robustcheck.outputs.logits import TextHead
from robustcheck.store import Chunks, Rows
from robustcheck.values import ModelRef


@dataclass(frozen=True, slots=True)
class _Begun:
    """A batch that the device is at, and how to ask for its rows."""

    batch: Batch
    ask: Callable[[], Rows]


@dataclass(slots=True, eq=False)
class Runner:
    """Outputs in the making: the loaded models, the chunks, the heads they need, and the batch that fits the device.

    ``begin`` a batch, then ``collect`` the rows of the one that was begun longest ago. On a card the first returns
    before the batch is done.
    """

    outputs: Outputs
    model: LoadedModel
    others: tuple[LoadedModel, ...]
    chunks: Chunks
    heads: tuple[TextHead, ...]
    learnt: LearntHead | None
    others_learnt: tuple[LearntHead | None, ...]
    given: npt.NDArray[Any] | None
    batch_size: int
    error: RobustcheckError | None = None
    spent: Spent = field(default_factory=Spent)
    _begun: deque[list[_Begun]] = field(default_factory=deque)
    _geometry: Geometry | None = None

    @property
    def geometry(self) -> Geometry:
        """How a picture becomes the crop that is run; asked for with every image, and looked for once."""
        if self._geometry is None:
            self._geometry = geometry_of(self.outputs.reading, self.model)
        return self._geometry

    def begin(self, batch: Callable[[], Batch], images: int) -> None:
        """Begin a batch, in pieces where the whole does not fit the device; an error is kept, and ends this runner."""
        pieces: list[_Begun] = []
        self._begun.append(pieces)
        self._keeping_error(lambda: self._begin_pieces(batch(), pieces), images)

    def collect(self) -> list[Rows]:
        """Return the rows of the batch that was begun longest ago, in pieces; none where the model failed."""
        rows: list[Rows] = []
        pieces = self._begun.popleft()
        self._keeping_error(lambda: rows.extend(row for piece in pieces for row in self._rows(piece)), 0)
        return [] if self.error else rows

    def _keeping_error(self, act: Callable[[], None], images: int) -> None:
        if self.error is not None:
            return
        started = time.perf_counter()
        try:
            act()
            self.spent += Spent(time.perf_counter() - started, images)
        except RobustcheckError as error:
            self.error = error
            self._begun = deque([] for _ in self._begun)  # what the device is still at holds its memory

    def _begin_pieces(self, batch: Batch, pieces: list[_Begun]) -> None:
        start = 0
        while start < len(batch):
            piece = batch.part(start, start + self.batch_size)
            try:
                pieces.append(_Begun(piece, self._ask(piece)))
                start += len(piece)
            except MemoryError as error:
                self._settle()
                self._halve(error)

    def _ask(self, piece: Batch) -> Callable[[], Rows]:
        reading = self.outputs.reading
        with as_model_error(self.outputs.ref, "running on a batch of images"):
            if isinstance(reading, Begins):
                return reading.begin(self.model, piece)
            rows = reading.take(self.model, piece)
            return lambda: rows

    def _rows(self, piece: _Begun) -> list[Rows]:
        """Return the rows of a piece; where memory runs out on the way, those of smaller ones."""
        ref = self.outputs.ref
        try:
            with as_model_error(ref, "running on a batch of images"):
                return [_finite(require_rows(piece.ask(), len(piece.batch), ref), ref)]
        except MemoryError as error:
            self._halve(error, len(piece.batch))
        smaller: list[_Begun] = []
        self._begin_pieces(piece.batch, smaller)
        return [row for begun in smaller for row in self._rows(begun)]

    def _settle(self) -> None:
        """Wait for what is under way, so that its memory is free."""
        for pieces in self._begun:
            pieces[:] = [_done(piece, rows) for piece in pieces for rows in self._rows(piece)]

    def _halve(self, error: MemoryError, tried: int | None = None) -> None:
        size = min(self.batch_size, tried or self.batch_size)
        if size == 1:
            raise does_not_fit("one image", self.outputs.ref, error) from error
        self.batch_size = size // 2


def _done(piece: _Begun, rows: Rows) -> _Begun:
    return _Begun(piece.batch.part(0, len(rows)), lambda: rows)


def _finite(rows: Rows, ref: ModelRef) -> Rows:
    if all(np.isfinite(row).all() for row in (rows if isinstance(rows, tuple) else (rows,))):
        return rows
    raise ModelError(
        "the model returned NaN or infinity for an image",
        where=ref.text,
        expected="finite outputs",
        fix="check the checkpoint, or measure with --robust-precision fp32",
    )
