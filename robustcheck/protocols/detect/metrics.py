"""Metrics of out-of-distribution detection."""

from __future__ import annotations

from functools import partial

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption, DatasetOption
from robustcheck.protocols.detect.detection_scores import DETECTION_SCORES
from robustcheck.protocols.detect.scoring import Orient, find_recipes, known_positive, samples, unseen_positive
from robustcheck.stats.separation import AUROC, FPR95, GROUP_AUROC, GROUP_FPR95, Separation
from robustcheck.values import Unit

_OPTIONS = (
    ChoiceOption(
        name="score",
        default="auto",
        values=("auto", *DETECTION_SCORES),
        description="The detection score; auto is mcm for zero-shot models, msp for classifiers and saved predictions.",
        always_keyed=True,
    ),
    DatasetOption(
        name="id_dataset",
        description="The in-distribution set; default: the one that goes with the data set.",
        against=True,
        always_keyed=True,
    ),
)


_FORMULAS = {
    "auroc": "P(s_in > s_out) + P(s_in = s_out) / 2",
    "class_auroc": "(1/K) sum_k AUROC against the images of class k of the other set",
    "fpr95": "P(s_out >= t), t the largest threshold with P(s_in >= t) >= 0.95",
    "class_fpr95": "(1/K) sum_k FPR@95 against the images of class k of the other set",
    "fpr95_openood": "P(s_in <= t), t the smallest threshold with P(s_out <= t) >= 0.95",
}
_SOURCES = {
    "auroc": "Hendrycks and Gimpel 2017, arXiv 1610.02136",
    "class_auroc": "Bitterwolf, Mueller and Hein 2023 (NINCO), arXiv 2306.00826",
    "fpr95": "Liang, Li and Srikant 2018, arXiv 1706.02690",
    "class_fpr95": "Bitterwolf, Mueller and Hein 2023 (NINCO), arXiv 2306.00826",
    "fpr95_openood": "Yang et al. 2022 (OpenOOD), arXiv 2210.07242",
}


def _separation(
    name: str,
    noun: str,
    description: str,
    statistic: Separation,
    unit: Unit = "",
    orient: Orient = known_positive,
) -> Metric:
    return Metric(
        name=name,
        noun=noun,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCES[name],
        unit=unit,
        higher_is_better=unit == "",
        statistic=statistic,
        tasks=("ood",),
        find_recipes=find_recipes,
        samples=partial(samples, orient=orient, of_classes=statistic.by_class),
        options=_OPTIONS,
        n_min=4,
    )


METRICS = (
    _separation("auroc", "AUROC", "Probability that an in-distribution image scores higher than another.", AUROC),
    _separation(
        "class_auroc",
        "mean AUROC of the classes",
        "AUROC against each class of the other set, averaged over these classes (NINCO).",
        GROUP_AUROC,
    ),
    _separation(
        "fpr95",
        "FPR at 95% TPR",
        "Share of the other set that is accepted where 95% of the in-distribution set is.",
        FPR95,
        "%",
    ),
    _separation(
        "class_fpr95",
        "mean FPR at 95% TPR of the classes",
        "FPR@95 for each class of the other set, averaged over these classes (NINCO).",
        GROUP_FPR95,
        "%",
    ),
    _separation(
        "fpr95_openood",
        "OpenOOD's FPR at 95% TPR",
        "OpenOOD's orientation: share of in-distribution images that are flagged where 95% of the others are.",
        FPR95,
        "%",
        unseen_positive,
    ),
)
