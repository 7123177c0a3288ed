"""Measure: the one slow stage. What it finds lasts in the store."""

from __future__ import annotations

from robustcheck.measure.measuring import measure_cells
from robustcheck.measure.scores import stored_score
from robustcheck.measure.settings import MeasureSettings, ProgressEvent
from robustcheck.measure.shelf import Shelf

__all__ = ["MeasureSettings", "ProgressEvent", "Shelf", "measure_cells", "stored_score"]
