"""What a plan foresees of time and memory: from what this machine measured before, and from the files of models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from robustcheck.cli.prospects import Prospect
from robustcheck.errors import RobustcheckError
from robustcheck.listing import name_first
from robustcheck.measure import Bench, MeasureSettings, usable_cores
from robustcheck.measure.pace import foresee_seconds, pace_of_model, read_pace
from robustcheck.measure.parts import Outputs
from robustcheck.models.digests import weights_bytes, working_bytes
from robustcheck.models.kind import model_kind
from robustcheck.values import ModelRef

_MINUTE, _HOUR = 60, 3_600


def foresee(prospects: Sequence[Prospect], bench: Bench, device: str) -> Iterator[str]:
    """Yield lines on the time that measuring takes and the memory that models need; none where nothing is measured."""
    missing = _missing(prospects, bench)
    if not missing:
        return
    images: dict[str, int] = {}
    runs: dict[tuple[str, str], int] = {}
    for outputs, count in missing.items():
        name = outputs.images.name
        images[name] = max(images.get(name, 0), count)
        key = pace_of_model(outputs.ref.id, device, bench.settings.precision)
        runs[name, key] = runs.get((name, key), 0) + count
    prepare, run, unknown = foresee_seconds(read_pace(bench.settings.local), images, runs, usable_cores())
    if prepare or run:
        yield (
            f"time, as fast as this machine was before: about {say_seconds(prepare + run)} "
            f"(images {say_seconds(prepare)}, models {say_seconds(run)})"
        )
    if unknown:
        yield f"time, not known here yet: {name_first(unknown, 3)}"
    yield from _memory({outputs.ref for outputs in missing}, bench.settings)


def say_seconds(seconds: float) -> str:
    """Say a length of time in its largest fitting unit.

    >>> say_seconds(42), say_seconds(90), say_seconds(7_300)
    ('42 s', '1.5 min', '2 h')
    """
    if seconds < _MINUTE:
        return f"{seconds:.2g} s"
    return f"{seconds / _MINUTE:.2g} min" if seconds < _HOUR else f"{seconds / _HOUR:.2g} h"


def _missing(prospects: Sequence[Prospect], bench: Bench) -> dict[Outputs, int]:
    """Return the outputs that are to be made, and of how many images."""
    found: dict[Outputs, int] = {}
    for prospect in prospects:
        for cell in prospect.item.cells if prospect.evidence == "to measure" else ():
            try:
                parts = [part for recipe in bench.recipes(cell) for part in recipe.parts]
            except RobustcheckError:
                continue
            for part in parts:
                if isinstance(part, Outputs) and part not in found and (chunks := bench.memo.missing(part)):
                    found[part] = min(part.images.count, len(chunks) * part.reading.chunk_rows)
    return found


def _memory(models: set[ModelRef], settings: MeasureSettings) -> Iterator[str]:
    sizes = sorted(((weights_bytes(ref, settings.precision), ref.id) for ref in models), reverse=True)
    if sizes and sizes[0][0]:
        said = [f"{name} {size / 2**20:,.0f} MiB" for size, name in sizes]
        total = sum(size for size, _ in sizes) / 2**20
        yield f"weights, {total:,.0f} MiB in all: {name_first(said, 4)}"
    yield from _working(models, settings)
    yield from _answering(models, settings)


def _working(models: set[ModelRef], settings: MeasureSettings) -> Iterator[str]:
    """Yield what a batch takes beside the weights; models run one after the other, so the largest counts."""
    size, name = max((working_bytes(ref, settings.batch_size), ref.id) for ref in models)
    if size:
        batch = f"a batch of {settings.batch_size} images in float32"
        yield f"beside them, {batch}: about {size / 2**20:,.0f} MiB ({name}), one model at a time"


def _answering(models: set[ModelRef], settings: MeasureSettings) -> Iterator[str]:
    """Yield what each model needs that is loaded in the precision of the run, with the question that it works on."""
    for ref in sorted(models, key=lambda ref: ref.id):
        if model_kind(ref).memory is not None and (size := weights_bytes(ref, settings.precision)):
            fits = "" if size <= settings.memory_budget else ": more than --robust-memory, so it is loaded alone"
            yield f"memory of {ref.id} in {settings.precision}, with one question: {size / 2**20:,.0f} MiB{fits}"
