"""How to measure, and what is told while it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from robustcheck.models.encoders import Precision

GIB = 2**30


def _usable_cores() -> int:
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Where results are kept, where data sets lie, and what the models run on.

    ``memory_budget`` (bytes) bounds the weights that are loaded at one time.
    """

    store: Path
    roots: tuple[Path, ...] = ()
    device: str = "auto"
    precision: Precision = "fp32"
    batch_size: int = 64
    workers: int = field(default_factory=_usable_cores)
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
