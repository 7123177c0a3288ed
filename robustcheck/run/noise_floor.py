"""The noise floor: what a live measurement owes to how it was run, and not to the model.

A measurement is repeated with one circumstance changed at a time, each in a store of its own, and every
logit is held against that of the reference: float32 in batches of 64 on the same kind of device.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, RobustcheckError
from robustcheck.measure import Bench, Logits, MeasureSettings, logits_of
from robustcheck.models.encoders import PRECISIONS, Precision
from robustcheck.models.torch_host import host_threads
from robustcheck.values import Cell

REFERENCE_BATCH = 64


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a measurement is run; ``threads`` prepare images, and as many compute on the processor."""

    precision: Precision = "fp32"
    batch_size: int = REFERENCE_BATCH
    threads: int = 1
    device: str = "cpu"

    @property
    def kind(self) -> str:
        """The kind of the device: cuda of ``cuda:1``."""
        return self.device.partition(":")[0]

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.precision}, batch {self.batch_size}, {threads}, {self.device}"


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved between two measurements of a cell: ``changed`` of ``n`` top-1 decisions, logits, the value."""

    n: int
    changed: int
    logit: float
    value: float

    @property
    def share(self) -> float:
        """The share of the top-1 decisions that changed."""
        return self.changed / self.n


@dataclass(frozen=True, slots=True)
class Repeat:
    """A measurement held against its reference; ``moved`` is None where it could not be made, and ``why`` says so."""

    cell: Cell
    under: Circumstances
    against: Circumstances
    moved: Moved | None
    why: str = ""

    @property
    def must_agree(self) -> bool:
        """Whether no decision may move: float32 on the same kind of device."""
        return self.under.precision == "fp32" and self.under.kind == self.against.kind

    @property
    def is_sound(self) -> bool:
        """Whether the repeat was made where it had to be, and moved no decision that must not move."""
        return not self.must_agree or (self.moved is not None and self.moved.changed == 0)


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """Logits (n, K) and a value, as measured under some circumstances."""

    logits: Logits
    value: float


def circumstances(
    devices: Sequence[str],
    batch_sizes: Sequence[int] = (1, 7, 64, 100),
    threads: Sequence[int] = (1, 2),
    precisions: Sequence[Precision] = PRECISIONS,
) -> tuple[Circumstances, ...]:
    """Return what to measure under: a reference a device, then each circumstance changed by itself."""
    found: list[Circumstances] = []
    for device in devices:
        reference = Circumstances(threads=threads[0], device=device)
        found.append(reference)
        found += [replace(reference, batch_size=size) for size in batch_sizes]
        found += [replace(reference, threads=count) for count in threads]
        found += [replace(reference, precision=precision) for precision in precisions]
    return tuple(dict.fromkeys(found))


def repeat_all(cell: Cell, settings: MeasureSettings, under: Sequence[Circumstances]) -> Iterator[Repeat]:
    """Measure a cell under each of the circumstances and yield what moved; the first of a device kind is its reference.

    The reference of a second kind is held against that of the first. An error of a reference is raised.
    """
    references: dict[str, tuple[Circumstances, Measurement]] = {}
    for each in under:
        against = references.get(each.kind) or next(iter(references.values()), None)
        try:
            found = measure_under(cell, settings, each)
        except RobustcheckError as error:
            if against is None:
                raise
            yield Repeat(cell, each, against[0], None, error.found)
            continue
        references.setdefault(each.kind, (each, found))
        if against is not None:
            yield Repeat(cell, each, against[0], moved_between(against[1], found))


def measure_under(cell: Cell, settings: MeasureSettings, under: Circumstances) -> Measurement:
    """Measure a cell afresh, in a store that is thrown away."""
    with tempfile.TemporaryDirectory() as directory, host_threads(under.threads):
        own = replace(
            settings,
            store=Path(directory),
            precision=under.precision,
            batch_size=under.batch_size,
            fits_batch=False,
            workers=under.threads,
            threads=under.threads,
            device=under.device,
        )
        bench = Bench(own)
        logits, score = logits_of(cell, bench), bench.measure(cell)
    if isinstance(score, RobustcheckError):
        raise score
    return Measurement(logits, score.value)


def moved_between(reference: Measurement, other: Measurement) -> Moved:
    """Hold a measurement against another of the same samples; raise DataError when they are not the same."""
    first, second = reference.logits, other.logits
    if not np.array_equal(first.ids, second.ids) or first.values.shape != second.values.shape:
        raise DataError("two measurements of one data set do not hold the same samples", fix="leave it alone meanwhile")
    if not len(first.ids):
        raise DataError("no samples", expected="at least one: without any, nothing can be seen to move")
    return Moved(
        n=len(first.ids),
        changed=int((decisions(first.values) != decisions(second.values)).sum()),
        logit=float(np.abs(first.values - second.values).max()),
        value=other.value - reference.value,
    )


def decisions(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the top-1 class of each row."""
    return np.asarray(logits.argmax(axis=1), dtype=np.int64)
