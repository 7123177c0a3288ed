"""A pass: every image of a data set decoded once, for all models that still miss it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from robustcheck.datasets import Dataset
from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure.keys import provenance_libraries
from robustcheck.measure.measure_settings import MeasureSettings, OnProgress, ProgressEvent
from robustcheck.models.encoders import Features, LoadedModel, image_outputs
from robustcheck.store import Chunks
from robustcheck.transforms import Scene, Transform, image_rng
from robustcheck.values import ModelRef

Prepared = dict[str, Any]


@dataclass(slots=True)
class Runner:
    """A loaded model in a pass, with the chunks it misses and the batch that fits its device."""

    ref: ModelRef
    model: LoadedModel
    chunks: Chunks
    batch_size: int
    missing: frozenset[int] = frozenset()
    error: RobustcheckError | None = None

    def outputs(self, prepared: Sequence[Prepared]) -> Features:
        """Return the outputs of a batch, in halves when it does not fit the device."""
        batch = [item[self.model.preprocessing] for item in prepared]
        parts: list[Features] = []
        while (start := sum(map(len, parts))) < len(batch):
            try:
                parts.append(image_outputs(self.model, batch[start : start + self.batch_size]))
            except MemoryError as error:
                self._halve(error)
        return _finite(np.concatenate(parts), self.ref)

    def _halve(self, error: MemoryError) -> None:
        if self.batch_size == 1:
            raise ModelError(f"one image does not fit the device ({error})", where=self.ref.text) from error
        self.batch_size //= 2


def _finite(outputs: Features, ref: ModelRef) -> Features:
    if np.isfinite(outputs).all():
        return outputs
    raise ModelError(
        "the model returned NaN or infinity for an image",
        where=ref.text,
        expected="finite outputs",
        fix="check the checkpoint, or measure with --robust-precision fp32",
    )


@dataclass(slots=True)
class Pass:
    """A data set under a transform, and the models that miss chunks of it."""

    dataset: Dataset
    transform: Transform | None
    seed: int
    label: str | None
    runners: Sequence[Runner]
    settings: MeasureSettings
    on_progress: OnProgress | None = None
    _started: float = field(default_factory=time.perf_counter)

    def run(self) -> None:
        """Fill the missing chunks; a model that fails keeps its error and the others go on."""
        todo = sorted(set().union(*(runner.missing for runner in self.runners)))
        if not todo:
            return
        total = sum(len(self._span(chunk)) for chunk in todo)
        done = 0
        with (
            ThreadPoolExecutor(max(1, self.settings.workers)) as pool,
            closing(self._prepare_ahead(pool, todo)) as prepared,
        ):
            for chunk in todo:
                done = self._fill(chunk, prepared, done, total)
                if not self._active(None):
                    break

    def _fill(self, chunk: int, prepared: Iterator[Prepared], done: int, total: int) -> int:
        parts: dict[ModelRef, list[Features]] = {runner.ref: [] for runner in self._active(chunk)}
        left = len(self._span(chunk))
        while left:
            batch = list(islice(prepared, min(left, self.settings.batch_size)))
            self._forward(chunk, batch, parts)
            left, done = left - len(batch), done + len(batch)
            self._tell(done, total)
        for runner in self._active(chunk):
            runner.chunks.write(chunk, np.concatenate(parts[runner.ref]), self._making)
        return done

    def _forward(self, chunk: int, batch: Sequence[Prepared], parts: dict[ModelRef, list[Features]]) -> None:
        for runner in self._active(chunk):
            try:
                parts[runner.ref].append(runner.outputs(batch))
            except RobustcheckError as error:
                runner.error = error

    def _active(self, chunk: int | None) -> list[Runner]:
        """Return the models that have not failed and (for a chunk) miss it."""
        sound = [runner for runner in self.runners if runner.error is None]
        return [runner for runner in sound if chunk is None or chunk in runner.missing]

    def _prepare_ahead(self, pool: ThreadPoolExecutor, todo: Sequence[int]) -> Generator[Prepared, None, None]:
        """Yield the images of the chunks in order, a bounded number of them prepared ahead."""
        waiting: deque[Future[Prepared]] = deque()
        try:
            for chunk in todo:
                for index in self._span(chunk):
                    waiting.append(pool.submit(self._prepare, chunk, index))
                    if len(waiting) > self.settings.batch_size + self.settings.workers:
                        yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _prepare(self, chunk: int, index: int) -> Prepared:
        """Decode and transform one image, then preprocess it once for each distinct preprocessing."""
        image = self.dataset.image(index)
        if self.transform is not None:
            scene = self._scene(index)
            image = self.transform.apply(image, image_rng(self.seed, scene.image_id), scene)
        models = {runner.model.preprocessing: runner.model for runner in self._active(chunk)}
        return {preprocessing: model.preprocess(image) for preprocessing, model in models.items()}

    def _scene(self, index: int) -> Scene:
        return Scene(str(self.dataset.ids[index]), int(self.dataset.labels[index]), self.dataset.class_names)

    def _span(self, chunk: int) -> range:
        return self.runners[0].chunks.span(chunk)

    def _tell(self, done: int, total: int) -> None:
        if self.on_progress is None:
            return
        seconds = max(time.perf_counter() - self._started, 1e-9)
        models = tuple(runner.ref.id for runner in self._active(None))
        self.on_progress(ProgressEvent(self.dataset.name, self.label, done, total, done / seconds, models))

    @property
    def _making(self) -> dict[str, str]:
        return {"device": self.settings.device, **dict(provenance_libraries())}
