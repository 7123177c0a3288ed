"""Metrics: what is known of each before anything is measured."""

from __future__ import annotations

from robustcheck.metrics.facts import MetricFacts, OptionFacts
from robustcheck.metrics.registry import METRICS, metric_facts

__all__ = ["METRICS", "MetricFacts", "OptionFacts", "metric_facts"]
