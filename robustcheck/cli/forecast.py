"""What a plan foresees of time and memory: from what this machine measured before, and from outlines of models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from robustcheck.cli.memory_forecast import say_memory
from robustcheck.cli.prospects import Prospect
from robustcheck.errors import RobustcheckError
from robustcheck.listing import name_first
from robustcheck.measure import Bench, usable_cores
from robustcheck.measure.pace import foresee_seconds, pace_of_model, read_pace
from robustcheck.measure.parts import Head, Outputs, Part
from robustcheck.values import ModelRef

_MINUTE, _HOUR = 60, 3_600


@dataclass(slots=True)
class _Missing:
    """What is to be made: outputs, with the number of their images, and the texts of heads by model."""

    outputs: dict[Outputs, int] = field(default_factory=dict)
    texts: dict[ModelRef, set[str]] = field(default_factory=dict)

    def add(self, part: Part, bench: Bench) -> None:
        """Take in a part, unless it is there."""
        if isinstance(part, Outputs) and part not in self.outputs and (chunks := bench.memo.missing(part)):
            self.outputs[part] = min(part.images.count, len(chunks) * part.reading.chunk_rows)
        if isinstance(part, Head) and not bench.memo.has(part):
            self.texts.setdefault(part.ref, set()).update(text for texts in part.texts for text in texts)


def foresee(prospects: Sequence[Prospect], bench: Bench, device: str) -> Iterator[str]:
    """Yield lines on the time that measuring takes and the memory that models need; none where nothing is measured."""
    missing = _missing(prospects, bench)
    if not missing.outputs:
        return
    images: dict[str, int] = {}
    runs: dict[tuple[str, str], int] = {}
    for outputs, count in missing.outputs.items():
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
    models = {ref for outputs in missing.outputs for ref in (outputs.ref, *outputs.others)}
    yield from say_memory(models, missing.texts, bench.settings)


def say_seconds(seconds: float) -> str:
    """Say a length of time in its largest fitting unit.

    >>> say_seconds(42), say_seconds(90), say_seconds(7_300)
    ('42 s', '1.5 min', '2 h')
    """
    if seconds < _MINUTE:
        return f"{seconds:.2g} s"
    return f"{seconds / _MINUTE:.2g} min" if seconds < _HOUR else f"{seconds / _HOUR:.2g} h"


def _missing(prospects: Sequence[Prospect], bench: Bench) -> _Missing:
    """Return what is to be made."""
    found = _Missing()
    for prospect in prospects:
        for cell in prospect.item.cells if prospect.evidence == "to measure" else ():
            try:
                parts = [part for recipe in bench.recipes(cell) for part in recipe.parts]
            except RobustcheckError:
                continue
            for part in parts:
                found.add(part, bench)
    return found
