"""Metrics: their facts, and pure functions from logits and labels to one score per sample."""

from __future__ import annotations

from robustcheck.metrics.classification import (
    label_ranks,
    mean_per_class_recall,
    rank_scores,
    sample_scores,
    top1,
    top5,
)
from robustcheck.metrics.facts import MetricFacts, OptionFacts
from robustcheck.metrics.registry import METRICS, metric_facts

__all__ = [
    "METRICS",
    "MetricFacts",
    "OptionFacts",
    "label_ranks",
    "mean_per_class_recall",
    "metric_facts",
    "rank_scores",
    "sample_scores",
    "top1",
    "top5",
]
