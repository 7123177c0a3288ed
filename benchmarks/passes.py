"""What sharing passes and keeping results saves, as ratios within one run.

    python benchmarks/passes.py

On the twelve models that ship and scikit-learn's digits: all models in one pass against one pass
each, and a second look (from the store) against the first. Each figure is the median of ``REPEATS``.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from robustcheck.measure import MeasureSettings, measure_cells, stored_score
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, Quantity

REPEATS = 3
TRANSFORM = "gaussian_noise:3"
METRICS = ("top1", "top5", "mean_per_class_recall")


def main() -> None:
    """Print the ratios."""
    cells = [Cell(model, Quantity("top1", "digits", (), TRANSFORM)) for model in resolve_models(("zoo",))]
    # The first measurement of a process pays for importing torch; it is not what is compared.
    _timed(lambda store: measure_cells(cells[:1], store))
    together = _timed(lambda store: measure_cells(cells, store))
    apart = _timed(lambda store: [measure_cells([cell], store) for cell in cells])
    many = [Cell(cell.model, Quantity(metric, "digits", (), TRANSFORM)) for cell in cells for metric in METRICS]
    three = _timed(lambda store: measure_cells(many, store))
    again = _again(cells)
    print(f"twelve models, one pass each : one pass for all     {apart / together:6.2f} : 1")
    print(f"three metrics                : one metric           {three / together:6.2f} : 1")
    print(f"first measurement            : second, from store   {together / again:6.0f} : 1")


def _timed(act: Callable[[MeasureSettings], object]) -> float:
    return statistics.median(_once(act) for _ in range(REPEATS))


def _once(act: Callable[[MeasureSettings], object]) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        settings = MeasureSettings(store=Path(scratch), device="cpu")
        started = time.perf_counter()
        act(settings)
        return time.perf_counter() - started


def _again(cells: Sequence[Cell]) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        settings = MeasureSettings(store=Path(scratch), device="cpu")
        measure_cells(cells, settings)
        started = time.perf_counter()
        found = [stored_score(cell, settings) for cell in cells]
        assert all(score is not None for score in found)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
