"""Who prepares images while models run: threads of this process, or other processes.

Pillow decodes without Python's lock and so threads share the work well, but what stands around it (opening, converting,
slicing) holds the lock: some four cores are then as much as threads can use. Beyond that, processes decode.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from robustcheck.crops.decode_process import DecodeProcess, is_portable, portable
from robustcheck.crops.preparation import Preparation, Prepared
from robustcheck.models.geometry import Geometry

Decoding = Literal["auto", "threads", "processes"]

# More workers than this decode in processes. Starting one takes half a second, as long as decoding so many images.
MOST_THREADS = 4
IMAGES_OF_A_PROCESS = 256
# Images that a process prepares at one request, so that the requests cost nothing beside the decoding.
_IMAGES_OF_A_REQUEST = 8


class Decoders(Protocol):
    """Prepares images in the background, ``group`` of them at once."""

    @property
    def group(self) -> int:
        """Return how many images one submission should have."""

    def submit(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Future[Prepared]:
        """Have some images prepared."""


@contextmanager
def open_decoders(preparation: Preparation, workers: int, images: int, decoding: Decoding) -> Iterator[Decoders]:
    """Open the decoders of a pass over so many images; what was not begun when it ends is dropped."""
    # A process that resizes with torch imports it: 1.6 seconds and 300 MB, more than anyone expects of each worker.
    pays = preparation.decode != "torch" and pays_for_processes(workers, images)
    in_processes = decoding == "processes" or (decoding == "auto" and pays)
    source = portable(preparation) if in_processes else None
    decoders: _Threads | _Processes
    with ThreadPoolExecutor(max(1, workers)) as pool:
        decoders = _Threads(pool, preparation) if source is None else _Processes(pool, preparation, source)
        try:
            yield decoders
        finally:
            pool.shutdown(cancel_futures=True)
            decoders.close()


def pays_for_processes(workers: int, images: int) -> bool:
    """Say whether processes prepare images sooner than threads: many workers, and work enough to start them for.

    >>> pays_for_processes(4, 50_000), pays_for_processes(16, 50_000), pays_for_processes(16, 2_000)
    (False, True, False)
    """
    return workers > MOST_THREADS and images >= workers * IMAGES_OF_A_PROCESS


@dataclass(slots=True)
class _Threads:
    pool: ThreadPoolExecutor
    preparation: Preparation
    group: int = 1

    def submit(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Future[Prepared]:
        return self.pool.submit(self.preparation.prepare, indices, geometries)

    def close(self) -> None:
        """Leave nothing to do: the pool ends the threads."""


@dataclass(slots=True)
class _Processes:
    """Each thread of the pool has a process of its own and waits for it, which takes no processor time."""

    pool: ThreadPoolExecutor
    preparation: Preparation
    source: bytes
    group: int = _IMAGES_OF_A_REQUEST
    _own: threading.local = field(default_factory=threading.local)
    _all: list[DecodeProcess] = field(default_factory=list)
    _portable: dict[tuple[str, ...], bool] = field(default_factory=dict)

    def submit(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Future[Prepared]:
        keys = tuple(geometries)
        if keys not in self._portable:
            self._portable[keys] = is_portable(geometries)
        prepare = self._prepare if self._portable[keys] else self.preparation.prepare
        return self.pool.submit(prepare, indices, geometries)

    def close(self) -> None:
        for process in self._all:
            process.close()

    def _prepare(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Prepared:
        process: DecodeProcess | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = DecodeProcess(self.source)
            self._all.append(process)
        return process.prepare(indices, geometries)
