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
