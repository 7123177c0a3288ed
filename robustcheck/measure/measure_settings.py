"""How to measure, and what is told while it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from robustcheck.crops import Decode, Decoding
from robustcheck.measure.cores import usable_cores
from robustcheck.measure.crop_cache import CropPlace
from robustcheck.models.encoders import Precision
from robustcheck.store import Place, is_url

GIB = 2**30


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Where results are kept, where data sets lie, and what the models run on.

    ``store`` is a directory, or a URL that fsspec knows.
    ``decode`` says whether torch resizes images (``torch``), or JPEG files are decoded at a part of their size where
    that does (``draft``).
    ``workers`` prepare images, on threads or in processes. ``threads`` of torch compute on the processor; None shares
    the workers' cores out by what the first images of a pass cost. ``batch_size`` is halved where it does not fit; with
    ``fits_batch`` a model takes as many as suit it on its device, up to that. ``compiled`` has torch compile image
    towers. ``memory_budget`` (bytes) bounds the weights that are loaded at one time. ``crops`` are kept where a place
    for them is given.
    """

    store: Place
    roots: tuple[Path, ...] = ()
    device: str = "auto"
    precision: Precision = "fp32"
    batch_size: int = 64
    fits_batch: bool = False
    compiled: bool = False
    workers: int = field(default_factory=usable_cores)
    decode: Decode = "exact"
    decoding: Decoding = "auto"
    threads: int | None = None
    crops: CropPlace | None = None
    memory_budget: int = 8 * GIB

    @property
    def local(self) -> Path:
        """The directory for what is known of the files of this machine: the store, or a cache where that is a URL."""
        return local_place(self.store)


def local_place(place: Place) -> Path:
    """Return a directory of this machine: the place itself, or a cache where that is a URL."""
    if is_url(place):
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "robustcheck"
    return Path(place)


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """How far a pass is: ``done`` of ``total`` images, for ``models`` at once.

    Since the event before, ``images`` were run, and ``chunks`` written, counted for each model; of the whole pass
    ``chunks_in_all``.
    """

    dataset: str
    transform: str | None
    done: int
    total: int
    images_per_second: float
    models: tuple[str, ...]
    images: int = 0
    chunks: float = 0.0
    chunks_in_all: float = 0.0


OnProgress = Callable[[ProgressEvent], None]
