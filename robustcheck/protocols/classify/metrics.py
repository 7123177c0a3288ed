"""Accuracies of classification."""

from __future__ import annotations

from functools import partial

from robustcheck.measure.metric import Metric
from robustcheck.protocols.classify.scoring import find_recipes, samples
from robustcheck.stats.means import GROUP_MEAN, MEAN
from robustcheck.stats.statistic import Statistic


def _accuracy(name: str, description: str, k: int, statistic: Statistic) -> Metric:
    return Metric(
        name=name,
        description=description,
        unit="%",
        higher_is_better=True,
        statistic=statistic,
        tasks=("classification", "cue-conflict", "typographic"),
        find_recipes=find_recipes,
        samples=partial(samples, k=k),
    )


METRICS = (
    _accuracy("top1", "Share of images whose best class is the right one.", 1, MEAN),
    _accuracy("top5", "Share of images whose five best classes hold the right one.", 5, MEAN),
    _accuracy("mean_per_class_recall", "Top-1 of each class, averaged over the classes.", 1, GROUP_MEAN),
)
