"""A pass: every image decoded once, for all models that still miss it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

import numpy as np

from robustcheck.crops import Crops, Decoders, Preparation, Prepared, open_decoders
from robustcheck.datasets import Dataset
from robustcheck.measure.cores import CoreShare
from robustcheck.measure.crop_cache import Block, CropCache
from robustcheck.measure.jobs import Job
from robustcheck.measure.keys import provenance_libraries
from robustcheck.measure.measure_settings import MeasureSettings, OnProgress, ProgressEvent
from robustcheck.measure.pace import Spent, add_pace, pace_of_images, pace_of_model
from robustcheck.measure.parts import ImageSet
from robustcheck.measure.reading import Batch
from robustcheck.measure.runner import Runner
from robustcheck.models.crop_batch import CropBatch
from robustcheck.models.encoders import runs_in_background
from robustcheck.models.geometry import Crop, Geometry
from robustcheck.models.model_errors import as_model_error
from robustcheck.models.torch_host import compute_with, computing_threads, kernel_facts
from robustcheck.store import Rows
from robustcheck.values import ModelRef


@dataclass(slots=True)
class Claimed:
    """A job that this process does now: the runners that lack its chunk, and how to let go of it.

    ``cached`` are the crops that need not be made again, by geometry.
    """

    job: Job
    runners: Sequence[Runner]
    release: Callable[[], None] = lambda: None
    cached: Mapping[str, Block] = field(default_factory=dict)

    @property
    def geometries(self) -> dict[str, Geometry]:
        """Return the geometries of the models that still run, by key."""
        found = [runner.geometry for runner in self.runners if runner.error is None]
        return {geometry.key: geometry for geometry in found}

    @property
    def images_at_once(self) -> int:
        """Return how many images the model takes at once that takes the most."""
        return max(runner.batch_size for runner in self.runners)

    @property
    def lacking(self) -> dict[str, Geometry]:
        """Return the geometries whose crops have to be made."""
        return {key: geometry for key, geometry in self.geometries.items() if key not in self.cached}


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Images that are on their way; without a future all their crops were kept."""

    claimed: Claimed
    indices: Sequence[int]
    future: Future[Prepared] | None


@dataclass(slots=True)
class _CropsMade:
    """The crops of a job that were made and not read, by geometry."""

    _made: dict[str, list[Crop | Exception]] = field(default_factory=dict)

    def add(self, images: Sequence[Crops], cached: Mapping[str, Block]) -> None:
        """Take in the crops of some images."""
        for crops in images:
            for geometry in crops.keys() - cached.keys():
                self._made.setdefault(geometry, []).append(crops[geometry])

    def whole(self, images: int) -> Iterator[tuple[str, list[Crop]]]:
        """Yield the geometries of which each of so many images has a crop."""
        for geometry, crops in self._made.items():
            good = [crop for crop in crops if not isinstance(crop, Exception)]
            if len(good) == images:
                yield geometry, good


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A claimed job on its way through the models: its rows so far, by the place of the runner."""

    claimed: Claimed
    rows: dict[int, list[Rows]] = field(default_factory=dict)
    made: _CropsMade = field(default_factory=_CropsMade)
    collected: int = 0

    def collect(self) -> None:
        """Take in the rows of the batch that was begun longest ago."""
        for place, runner in enumerate(self.claimed.runners):
            self.rows.setdefault(place, []).extend(runner.collect())


@dataclass(slots=True)
class Pass:
    """Images of one set on their way through the models that miss them; ``total`` counts the images to come."""

    images: ImageSet
    dataset: Dataset
    settings: MeasureSettings
    total: int
    on_progress: OnProgress | None = None
    _share: CoreShare = field(init=False)
    _crops: CropCache | None = field(init=False)
    _ran: dict[Runner, None] = field(default_factory=dict)
    _open: deque[_UnderWay] = field(default_factory=deque)
    _under_way: deque[tuple[_UnderWay, int]] = field(default_factory=deque)
    _done: int = 0
    _started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        """Give both decoding and running all cores, until it is known what they cost."""
        self._share = CoreShare(max(1, self.settings.workers))
        # Transforms have a random seed and are many: only pictures as they are come back in run after run.
        is_plain = self.images.transform is None and self.settings.crops is not None
        self._crops = CropCache(self.settings.crops) if is_plain and self.settings.crops is not None else None

    def run(self, claims: Iterator[Claimed]) -> None:
        """Do each claimed job and release it; a model that fails keeps its error and the others go on."""
        held: deque[Claimed] = deque()
        with (
            self._decoders() as decoders,
            closing(self._prepare_ahead(decoders, claims, held)) as prepared,
        ):
            try:
                for first in prepared:
                    self._fill(_UnderWay(held.popleft()), first, prepared)
                self._collect(0)
            finally:
                for filling in self._open:
                    filling.claimed.release()
                for claimed in held:
                    claimed.release()
                self._add_pace()

    def _decoders(self) -> AbstractContextManager[Decoders]:
        images, settings = self.images, self.settings
        preparation = Preparation(self.dataset, images.transform, images.seed, images.decode)
        return open_decoders(preparation, settings.workers, self.total, settings.decoding)

    def _add_pace(self) -> None:
        """Keep what this pass took, for plans to come."""
        settings = self.settings
        spent = {pace_of_images(self.images.name): Spent(self._share.preparing, self._share.prepared)}
        for runner in self._ran:
            spent[pace_of_model(runner.outputs.ref.id, settings.device, settings.precision)] = runner.spent
            runner.spent = Spent()
        add_pace(settings.local, spent)

    def _fill(self, filling: _UnderWay, first: Crops, prepared: Iterator[Crops]) -> None:
        """Begin every batch of a job; where a device works in the background, the last one is still under way then."""
        span, size = filling.claimed.job.span, filling.claimed.images_at_once
        self._open.append(filling)
        late = int(any(runs_in_background(runner.model) for runner in filling.claimed.runners))
        ready = [first]
        for start in range(0, len(span), size):
            places = span[start : start + size]
            ready += islice(prepared, len(places) - len(ready))
            if self._crops is not None:
                filling.made.add(ready, filling.claimed.cached)
            self._measured(partial(self._begin, filling, places, ready), len(places))
            self._collect(late)
            ready = []

    def _measured(self, act: Callable[[], None], images: int) -> None:
        """Run models, and note what that cost."""
        started = time.perf_counter()
        act()
        self._share.running += (time.perf_counter() - started) * computing_threads()
        self._share.images += images
        if self.settings.threads is None and self._share.is_known:
            compute_with(self._share.running_threads)

    def _begin(self, filling: _UnderWay, places: Sequence[int], crops: list[Crops]) -> None:
        shared: dict[str, CropBatch] = {}
        for runner in filling.claimed.runners:
            runner.begin(partial(self._batch, runner, places, crops, shared), len(places))
        self._under_way.append((filling, len(places)))

    def _collect(self, left: int) -> None:
        """Take in the rows of batches that are under way, until so many are left; write the jobs that are whole."""
        while len(self._under_way) > left:
            filling, count = self._under_way.popleft()
            self._measured(filling.collect, 0)
            filling.collected += count
            written = 0
            if filling.collected == len(filling.claimed.job.span):
                self._open.popleft()
                try:
                    written = self._write(filling)
                finally:
                    filling.claimed.release()
            self._tell(filling.claimed, count, written)

    def _write(self, filling: _UnderWay) -> int:
        """Write the chunk of each model that did not fail; return how many that are."""
        job = filling.claimed.job
        for place, runner in enumerate(filling.claimed.runners):
            if runner.error is None:
                facts = {**self._making, "reading": runner.outputs.reading.name}
                runner.chunks.write(job.chunk, _joined(filling.rows[place]), facts)
        if self._crops is not None:
            for geometry, crops in filling.made.whole(len(job.span)):
                self._crops.write(job, geometry, crops)
        return sum(runner.error is None for runner in filling.claimed.runners)

    def _batch(
        self, runner: Runner, places: Sequence[int], crops: Sequence[Crops], shared: dict[str, CropBatch]
    ) -> Batch:
        ids, labels = self.dataset.ids[list(places)], self.dataset.labels[list(places)]
        key = runner.geometry.key
        if key not in shared:
            shared[key] = CropBatch([_made(crop[key], runner.outputs.ref) for crop in crops])
        names = [str(name) for name in ids]
        given = None if runner.given is None else runner.given[list(places)]
        adapters = (runner.learnt, given, runner.others_learnt)
        return Batch(shared[key], names, labels.tolist(), runner.heads, runner.others, *adapters)

    def _prepare_ahead(
        self, decoders: Decoders, claims: Iterator[Claimed], held: deque[Claimed]
    ) -> Generator[Crops, None, None]:
        """Yield the images of the claimed jobs in order, a bounded number of them prepared ahead."""
        waiting: deque[_Ahead] = deque()
        for claim in claims:
            claimed = replace(claim, cached=self._cached(claim))
            held.append(claimed)
            most = -(-claimed.images_at_once // decoders.group) + self.settings.workers
            self._ran.update(dict.fromkeys(claimed.runners))
            for indices in _grouped(claimed.job.span, decoders.group):
                lacking = claimed.lacking
                waiting.append(_Ahead(claimed, indices, decoders.submit(indices, lacking) if lacking else None))
                if len(waiting) > most:
                    yield from self._arrived(waiting.popleft())
        while waiting:
            yield from self._arrived(waiting.popleft())

    def _arrived(self, ahead: _Ahead) -> Iterator[Crops]:
        """Wait for images, note what they cost, and add the crops that were kept."""
        made = Prepared([{} for _ in ahead.indices], 0.0) if ahead.future is None else ahead.future.result()
        self._share.preparing += made.seconds
        self._share.prepared += len(ahead.indices)
        for index, crops in zip(ahead.indices, made.crops, strict=True):
            row = ahead.claimed.job.span.index(index)
            yield crops | {key: np.asarray(block[row]) for key, block in ahead.claimed.cached.items()}

    def _cached(self, claimed: Claimed) -> dict[str, Block]:
        if self._crops is None:
            return {}
        found = {geometry: self._crops.read(claimed.job, geometry) for geometry in claimed.geometries}
        return {geometry: block for geometry, block in found.items() if block is not None}

    def _tell(self, claimed: Claimed, count: int, written: int) -> None:
        self._done += count
        if self.on_progress is None:
            return
        seconds = max(time.perf_counter() - self._started, 1e-9)
        models = tuple(runner.outputs.ref.id for runner in claimed.runners if runner.error is None)
        in_all = self.total / claimed.job.chunk_rows * len(models)
        event = ProgressEvent(
            self.images.name,
            self.images.transform,
            self._done,
            self.total,
            self._done / seconds,
            models,
            images=count,
            chunks=written * claimed.job.share,
            chunks_in_all=in_all,
        )
        self.on_progress(event)

    @property
    def _making(self) -> dict[str, str]:
        settings = self.settings
        compiled = {"compiled": "torch.compile"} if settings.compiled else {}
        return {"device": settings.device, **kernel_facts(settings.device), **compiled, **dict(provenance_libraries())}


def _grouped(span: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (span[start : start + size] for start in range(0, len(span), size))


def _made(crop: Crop | Exception, ref: ModelRef) -> Crop:
    if isinstance(crop, Exception):
        with as_model_error(ref, "preprocessing an image"):
            raise crop
    return crop


def _joined(pieces: Sequence[Rows]) -> Rows:
    """Return the rows of a chunk as one array; as arrays of their own where their shapes differ."""
    if any(isinstance(piece, tuple) for piece in pieces):
        return tuple(row for piece in pieces for row in piece)
    return np.concatenate(pieces)
