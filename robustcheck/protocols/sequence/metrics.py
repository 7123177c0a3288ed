"""Stability along sequences of frames."""

from __future__ import annotations

from functools import partial
from math import inf

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption, MetricOption
from robustcheck.protocols.sequence.scoring import (
    DivideBy,
    Score,
    divide_by_alexnet,
    divide_by_nothing,
    find_recipes,
    samples,
    score_distances,
    score_flips,
)
from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.values import UNIT_RANGE, Unit

_BASELINE = ChoiceOption(
    name="baseline",
    default="none",
    values=("none", "alexnet-unverified"),
    description="What to divide by; the table that ships is recalled and not checked against its source.",
    always_keyed=True,
)


_FORMULAS = {
    "flip_rate": "mean over perturbations, videos and frames j of [argmax z_j != argmax z_(j-1)], of noise: z_1",
    "mfr": "mean over perturbations of (flip rate) / (AlexNet's flip rate)",
    "top5_distance": "mean over frames of sum_i |i - min(sigma(i), 5)|, sigma the ranks in the next frame, from 0",
}
_SOURCE = "Hendrycks and Dietterich 2019, arXiv 1903.12261"


def _stability(
    name: str,
    description: str,
    score: Score,
    divide_by: DivideBy = divide_by_nothing,
    *,
    noun: str = "",
    unit: Unit = "%",
    options: tuple[MetricOption, ...] = (),
    value_range: tuple[float, float] = (0, inf),
) -> Metric:
    return Metric(
        name=name,
        noun=noun,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCE,
        unit=unit,
        higher_is_better=False,
        statistic=WEIGHTED_SUM,
        tasks=("sequences",),
        find_recipes=find_recipes,
        samples=partial(samples, score=score, divide_by=divide_by),
        options=options,
        value_range=value_range,
    )


METRICS = (
    _stability(
        "flip_rate",
        "Share of frames whose prediction flips (against the previous frame; under noise against the first).",
        score_flips,
        value_range=UNIT_RANGE,
    ),
    _stability(
        "mfr",
        "Mean flip rate: flip rates over AlexNet's, averaged over the perturbations.",
        score_flips,
        divide_by_alexnet,
        options=(_BASELINE,),
    ),
    _stability(
        "top5_distance",
        "How far the five best classes move between frames (ImageNet-P's T5D).",
        score_distances,
        noun="top-5 distance",
        unit="",
    ),
)
