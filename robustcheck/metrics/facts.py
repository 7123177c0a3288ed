"""What is known of each metric before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from robustcheck.errors import SetupError, did_you_mean


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """The unit, the polarity and the aggregate of a metric; ``n_min`` samples are the fewest it needs."""

    name: str
    unit: Literal["%", ""]
    higher_is_better: bool
    aggregate: Literal["mean", "group_mean"]
    description: str
    n_min: int = 1


METRICS: Mapping[str, MetricFacts] = {
    facts.name: facts
    for facts in (
        MetricFacts("top1", "%", True, "mean", "Share of images whose best class is the right one."),
        MetricFacts("top5", "%", True, "mean", "Share of images whose five best classes hold the right one."),
        MetricFacts(
            "mean_per_class_recall", "%", True, "group_mean", "Top-1 of each class, averaged over the classes."
        ),
    )
}


def metric_facts(name: str) -> MetricFacts:
    """Return the facts of a metric, or raise SetupError naming the nearest known one."""
    if name in METRICS:
        return METRICS[name]
    raise SetupError(
        f"unknown metric {name!r}", expected=", ".join(METRICS), fix=did_you_mean(name, METRICS) or "use a known metric"
    )
