"""Measure: the one slow stage. What it finds lasts in the store."""

from __future__ import annotations

from robustcheck.callable_room import make_callable
from robustcheck.crops import Decode, Decoding
from robustcheck.measure.card import default_batch, default_memory, is_card
from robustcheck.measure.cores import usable_cores
from robustcheck.measure.crop_cache import CropPlace
from robustcheck.measure.early import why_all_images
from robustcheck.measure.engines import Engine, InProcess, Shared
from robustcheck.measure.exported import Logits, logits_of
from robustcheck.measure.learnt import export_learnt
from robustcheck.measure.loaded_models import group_by_budget, group_models
from robustcheck.measure.measure_settings import MeasureSettings, ProgressEvent, local_place
from robustcheck.measure.measuring import Bench, measure_cells, stored_score
from robustcheck.measure.metric import Metric, cells_of_options, known_metrics, metric_named, metric_of
from robustcheck.measure.on_ray import OnRay
from robustcheck.measure.option import MetricOption
from robustcheck.measure.score_pairs import PairBook, Partner

__all__ = [
    "Bench",
    "CropPlace",
    "Decode",
    "Decoding",
    "Engine",
    "InProcess",
    "Logits",
    "MeasureSettings",
    "Metric",
    "MetricOption",
    "OnRay",
    "PairBook",
    "Partner",
    "ProgressEvent",
    "Shared",
    "cells_of_options",
    "default_batch",
    "default_memory",
    "export_learnt",
    "group_by_budget",
    "group_models",
    "is_card",
    "known_metrics",
    "local_place",
    "logits_of",
    "measure_cells",
    "metric_named",
    "metric_of",
    "stored_score",
    "usable_cores",
    "why_all_images",
]

make_callable(__name__)
