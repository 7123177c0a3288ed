"""Measure: the one slow stage. What it finds lasts in the store."""

from __future__ import annotations

from robustcheck.measure.exported import Logits, logits_of
from robustcheck.measure.measure_settings import MeasureSettings, ProgressEvent
from robustcheck.measure.measuring import image_sets, measure_cells
from robustcheck.measure.scores import stored_score
from robustcheck.measure.shelf import Shelf

__all__ = [
    "Logits",
    "MeasureSettings",
    "ProgressEvent",
    "Shelf",
    "image_sets",
    "logits_of",
    "measure_cells",
    "stored_score",
]
