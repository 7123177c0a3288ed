"""Metrics of data overlap."""

from __future__ import annotations

from functools import partial

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption, DatasetOption, NumberOption
from robustcheck.protocols.overlap.scoring import (
    Score,
    clean_accuracy,
    find_recipes,
    overlap_accuracy,
    overlap_gap,
    overlap_share,
    samples,
)
from robustcheck.stats.means import MEAN, WEIGHTED_SUM
from robustcheck.stats.statistic import Statistic
from robustcheck.values import UNIT_RANGE

_OPTIONS = (
    DatasetOption(
        name="reference",
        description="The data set whose near-duplicates are looked for, such as a training set.",
        against=True,
        always_keyed=True,
        is_required=True,
    ),
    ChoiceOption(
        name="detector",
        default="phash",
        values=("phash", "phash-256", "model"),
        description="A perceptual hash of 64 or 256 bits, or the model's own image embeddings.",
        always_keyed=True,
    ),
    NumberOption(
        name="strength",
        default="2",
        whole=True,
        low=1,
        high=5,
        description="How strongly the made duplicates are altered, 1 to 5 (strongest).",
        always_keyed=True,
    ),
    NumberOption(
        name="precision",
        default="0.99",
        low=0.5,
        high=1,
        description="The precision that the threshold must have.",
        always_keyed=True,
    ),
)


_FORMULAS = {
    "overlap_share": "mean_i [d_i], d_i = 1 where the nearest reference image is nearer than the calibrated threshold",
    "clean_accuracy": "sum_i (1 - d_i) [argmax z_i = y_i] / sum_i (1 - d_i)",
    "overlap_accuracy": "sum_i d_i [argmax z_i = y_i] / sum_i d_i",
    "overlap_gap": "mean_i [argmax z_i = y_i] - sum_i (1 - d_i) [argmax z_i = y_i] / sum_i (1 - d_i)",
}
_SOURCE = "Radford et al. 2021, section 5, arXiv 2103.00020"


def _overlap(
    name: str,
    description: str,
    score: Score,
    statistic: Statistic = MEAN,
    *,
    higher_is_better: bool = False,
    value_range: tuple[float, float] = UNIT_RANGE,
) -> Metric:
    return Metric(
        name=name,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCE,
        unit="%",
        higher_is_better=higher_is_better,
        statistic=statistic,
        tasks=("classification",),
        find_recipes=find_recipes,
        samples=partial(samples, score=score),
        options=_OPTIONS,
        value_range=value_range,
    )


METRICS = (
    _overlap("overlap_share", "Share of images that have a near-duplicate in the reference set.", overlap_share),
    _overlap(
        "clean_accuracy",
        "Top-1 on the images without a near-duplicate in the reference set.",
        clean_accuracy,
        higher_is_better=True,
    ),
    _overlap(
        "overlap_accuracy",
        "Top-1 on the images with a near-duplicate in the reference set.",
        overlap_accuracy,
        higher_is_better=True,
    ),
    _overlap(
        "overlap_gap",
        "Top-1 on all images less top-1 on those without a near-duplicate: what overlap adds.",
        overlap_gap,
        WEIGHTED_SUM,
        value_range=(-1, 1),
    ),
)
