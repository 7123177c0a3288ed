"""Accuracies of classification."""

from __future__ import annotations

from functools import partial

from robustcheck.measure.metric import MakeSamples, Metric
from robustcheck.measure.option import (
    ChoiceOption,
    ColumnOption,
    DatasetOption,
    MetricOption,
    ModelOption,
    ModelsOption,
    NumberOption,
)
from robustcheck.protocols.classify import unlabelled
from robustcheck.protocols.classify.groups import (
    CLASSES,
    error_consistency,
    find_grouped_recipe,
    find_own_recipe,
    find_recipes_of_both,
    macro_f1,
    worst_group,
)
from robustcheck.protocols.classify.scoring import find_recipes, samples
from robustcheck.stats.counted_ratios import GROUP_MIN
from robustcheck.stats.f1 import MACRO_F1
from robustcheck.stats.kappa import KAPPA
from robustcheck.stats.means import GROUP_MEAN, MEAN, WEIGHTED_SUM
from robustcheck.stats.statistic import Statistic

_FORMULAS = {
    "top1": "mean_i [argmax_c z_ic = y_i]",
    "top5": "mean_i [y_i is among the five largest z_ic]",
    "mean_per_class_recall": "(1/C) sum_c mean over images i of class c of [argmax z_i = y_i]",
    "worst_group_accuracy": "min_g mean over images i of group g of [y_i is among the k largest z_i]",
    "macro_f1": "(1/C) sum_c 2 TP_c / (2 TP_c + FP_c + FN_c)",
    "agreement": "mean_i [argmax z_i = argmax z'_i], z' being the logits of the other model",
}
_SOURCES = {
    "top1": "Russakovsky et al. 2015, arXiv 1409.0575",
    "top5": "Russakovsky et al. 2015, arXiv 1409.0575",
    "mean_per_class_recall": "Radford et al. 2021, arXiv 2103.00020",
    "worst_group_accuracy": "Sagawa et al. 2020, arXiv 1911.08731; Koh et al. 2021 (WILDS), arXiv 2012.07421",
    "macro_f1": "Koh et al. 2021 (WILDS), arXiv 2012.07421",
    "agreement": "Baek et al. 2022, arXiv 2206.13089",
}


def _accuracy(name: str, description: str, k: int, statistic: Statistic) -> Metric:
    return Metric(
        name=name,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCES[name],
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
        formula=_FORMULAS[name],
        source=_SOURCES[name],
        unit="%",
        higher_is_better=True,
        statistic=statistic,
        tasks=("classification",),
        find_recipes=_FIND.get(name, find_own_recipe),
        samples=make_samples,
        options=options,
        either_side=name == "agreement",
    )


_FIND = {"worst_group_accuracy": find_grouped_recipe, "agreement": unlabelled.find_recipes_of_two}

_OTHER = (
    ModelOption(
        name="with",
        description="The other model, as a reference; it is not held against itself.",
        always_keyed=True,
        is_required=True,
    ),
)

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
        unlabelled.agreement,
        (*_OTHER, DatasetOption(name="known", description="A set of the same classes, where the images are alone.")),
    ),
    Metric(
        name="error_consistency",
        noun="error consistency",
        description="Whether two models, or a model and a person, err on the same images, as Cohen's kappa.",
        formula="(o - e) / (1 - e), o = mean_i [h_i = h'_i], e = p p' + (1 - p)(1 - p'); h_i is 1 if right, p its mean",
        source="Cohen 1960; Geirhos et al. 2020, arXiv 2006.16736",
        unit="",
        higher_is_better=True,
        statistic=KAPPA,
        tasks=("classification", "cue-conflict"),
        find_recipes=find_recipes_of_both,
        samples=error_consistency,
        options=_OTHER,
        value_range=(-1, 1),
        either_side=True,
    ),
    Metric(
        name="estimated_accuracy",
        noun="accuracy estimated without labels",
        description="Top-1 on a set without labels, estimated from how often several models agree.",
        formula="Phi(w_0), (w_i + w_j) / 2 = q_ij + a ((t_i + t_j) / 2 - p_ij); probits: q, p agreements, t accuracies",
        source="Baek et al. 2022, arXiv 2206.13089",
        unit="%",
        higher_is_better=True,
        statistic=WEIGHTED_SUM,
        counted="images, families and models",
        tasks=("classification",),
        tasks_further="a set without labels",
        find_recipes=unlabelled.find_recipes,
        samples=unlabelled.samples,
        options=(
            ChoiceOption(
                name="by",
                default=unlabelled.BY_PAIRS,
                values=(unlabelled.BY_PAIRS, unlabelled.BY_LINE),
                description="aline-d: by the agreements of all pairs; aline-s: by the line of agreements alone.",
            ),
            DatasetOption(name="known", description="The set of the same classes that has labels.", is_required=True),
            ModelsOption(
                name="with",
                description="The other models: a list of two or more references; the judged one is left out.",
                is_required=True,
            ),
        ),
    ),
)
