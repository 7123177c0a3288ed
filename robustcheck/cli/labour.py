"""What readings cost that take a model many passes an image: how many, and how many images fit into given seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from robustcheck.cli.prospects import Prospect
from robustcheck.errors import RobustcheckError
from robustcheck.measure import Bench
from robustcheck.measure.reading import Laborious
from robustcheck.measure.recipe import Recipe
from robustcheck.values import Cell, ModelRef


@dataclass(frozen=True, slots=True)
class Labour:
    """An outstanding measurement of a check: ``passes`` of the model for each of ``images``, at most."""

    check: str
    model: ModelRef
    images: int
    passes: int
    reading: Laborious

    @property
    def words(self) -> str:
        """Say what it takes."""
        total = self.images * self.passes
        return f"{self.check} of {self.model.id}: {self.images:,} images x {self.passes:,} passes = {total:,} at most"

    def affordable(self, seconds: float, bench: Bench) -> str:
        """Say how many images fit into so many seconds on this machine, timed on the loaded model."""
        each = self.reading.time_pass(bench.models.get(self.model)) * self.passes
        count = int(seconds / each)
        if count < 1:
            return f"one image takes {each:,.0f} s here: choose fewer steps, or another attack"
        return f"{seconds:g} s are enough for images: {count} here ({1e3 * each / self.passes:.2g} ms a pass)"


def find_labours(prospects: Sequence[Prospect], bench: Bench) -> Iterator[Labour]:
    """Yield each outstanding measurement whose reading takes more than one pass an image, once."""
    seen = set()
    for prospect in prospects:
        for cell in prospect.item.cells if prospect.evidence == "to measure" else ():
            for recipe in _recipes(cell, bench):
                reading, outputs = recipe.reading, recipe.outputs
                if isinstance(reading, Laborious) and outputs.key not in seen:
                    seen.add(outputs.key)
                    yield Labour(prospect.item.check.key, recipe.ref, outputs.images.count, reading.passes, reading)


def _recipes(cell: Cell, bench: Bench) -> tuple[Recipe, ...]:
    try:
        return bench.recipes(cell)
    except RobustcheckError:
        return ()
