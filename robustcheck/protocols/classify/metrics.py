"""Accuracies of classification."""

from __future__ import annotations

from functools import partial

from robustcheck.measure.metric import MakeSamples, Metric
from robustcheck.measure.option import ColumnOption, MetricOption, ModelOption, NumberOption
from robustcheck.protocols.classify.groups import (
    CLASSES,
    agreement,
    find_grouped_recipe,
    find_own_recipe,
    find_recipes_of_both,
    macro_f1,
    worst_group,
)
from robustcheck.protocols.classify.scoring import find_recipes, samples
from robustcheck.stats.f1 import MACRO_F1
from robustcheck.stats.means import GROUP_MEAN, GROUP_MIN, MEAN
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
        by_image=statistic is MEAN,
    )


def _over_groups(
    name: str, description: str, statistic: Statistic, make_samples: MakeSamples, options: tuple[MetricOption, ...] = ()
) -> Metric:
    return Metric(
        name=name,
        description=description,
        unit="%",
        higher_is_better=True,
        statistic=statistic,
        tasks=("classification",),
        find_recipes=_FIND.get(name, find_own_recipe),
        samples=make_samples,
        options=options,
    )


_FIND = {"worst_group_accuracy": find_grouped_recipe, "agreement": find_recipes_of_both}

METRICS = (
    _accuracy("top1", "Share of images whose best class is the right one.", 1, MEAN),
    _accuracy("top5", "Share of images whose five best classes hold the right one.", 5, MEAN),
    _accuracy("mean_per_class_recall", "Top-1 of each class, averaged over the classes.", 1, GROUP_MEAN),
    _over_groups(
        "worst_group_accuracy",
        "Accuracy in the group of images that is worst, such as a region or a background.",
        GROUP_MIN,
        worst_group,
        (
            ColumnOption(
                name="group",
                default=CLASSES,
                description="The column of the data set that says which group an image is of; class: its label.",
                always_keyed=True,
            ),
            NumberOption(
                name="k",
                default="1",
                description="Among how many of the best classes the right one has to be.",
                low=1,
                whole=True,
            ),
        ),
    ),
    _over_groups(
        "macro_f1",
        "F1 of each class (the harmonic mean of precision and recall), averaged over the classes among the labels.",
        MACRO_F1,
        macro_f1,
    ),
    _over_groups(
        "agreement",
        "Share of images to which another model gives the same answer, right or wrong; needs no labels.",
        MEAN,
        agreement,
        (ModelOption(name="with", description="The other model, as a reference.", always_keyed=True),),
    ),
)
