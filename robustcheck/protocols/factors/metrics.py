"""Metrics over visual factors."""

from __future__ import annotations

from functools import partial
from math import inf

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption
from robustcheck.protocols.factors.scoring import (
    error_ratio,
    find_recipes,
    require_all_images,
    require_factor,
    samples,
    worst_factor,
)
from robustcheck.stats.counted_ratios import GROUP_MIN, RATIO

_ANNOTATED = "annotated with factors"

METRICS = (
    Metric(
        name="worst_factor",
        noun="worst-factor accuracy",
        description="Top-1 on the images of the visual factor that is worst.",
        formula="min_k a_k, a_k = top-1 on the images of factor k",
        source="Idrissi et al. 2023 (ImageNet-X), arXiv 2211.01866",
        unit="%",
        higher_is_better=True,
        statistic=GROUP_MIN,
        tasks=("classification",),
        tasks_further=_ANNOTATED,
        find_recipes=partial(find_recipes, require=require_all_images),
        samples=partial(samples, score=worst_factor),
        options=(
            ChoiceOption(
                name="annotation",
                default="top",
                values=("top", "multi"),
                description="One main factor an image, or every factor.",
                always_keyed=True,
            ),
        ),
    ),
    Metric(
        name="error_ratio",
        description="Error rate on the images of a visual factor over that on all: 1 is no worse than elsewhere.",
        formula="(1 - a_k) / (1 - a), a = top-1 on all annotated images",
        source="Idrissi et al. 2023 (ImageNet-X), arXiv 2211.01866",
        unit="",
        higher_is_better=False,
        statistic=RATIO,
        tasks=("classification",),
        tasks_further=_ANNOTATED,
        find_recipes=partial(find_recipes, require=require_factor),
        samples=partial(samples, score=error_ratio),
        value_range=(0, inf),
    ),
)
