"""How to measure, and what is told while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from robustcheck.measure.cores import usable_cores
from robustcheck.models.encoders import Precision

GIB = 2**30


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Where results are kept, where data sets lie, and what the models run on.

    ``workers`` prepare images. ``threads`` of torch compute on the processor; None shares the workers' cores out by
    what the first images of a pass cost. ``batch_size`` is halved where it does not fit; ``memory_budget`` (bytes)
    bounds the weights that are loaded at one time.
    """

    store: Path
    roots: tuple[Path, ...] = ()
    device: str = "auto"
    precision: Precision = "fp32"
    batch_size: int = 64
    workers: int = field(default_factory=usable_cores)
    threads: int | None = None
    memory_budget: int = 8 * GIB


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """How far a pass is: ``done`` of ``total`` images, for ``models`` at once."""

    dataset: str
    transform: str | None
    done: int
    total: int
    images_per_second: float
    models: tuple[str, ...]


OnProgress = Callable[[ProgressEvent], None]
