"""Metrics of typographic attacks, and of what any transform costs."""

from __future__ import annotations

from robustcheck.measure.metric import Metric
from robustcheck.protocols.typographic.scoring import (
    find_attacked,
    find_attacked_and_clean,
    sample_drop,
    sample_success,
)
from robustcheck.stats.means import MEAN, WEIGHTED_SUM

METRICS = (
    Metric(
        name="attack_success",
        description="Share of images classified as the word that is written on them.",
        formula="mean_i [argmax z(x_i with the word w_i) = w_i]",
        source="Goh et al. 2021 (Multimodal Neurons), Distill, doi 10.23915/distill.00030",
        unit="%",
        higher_is_better=False,
        statistic=MEAN,
        tasks=("classification", "typographic"),
        find_recipes=find_attacked,
        samples=sample_success,
    ),
    Metric(
        name="accuracy_drop",
        description="Top-1 on the untouched images less top-1 on the transformed ones, image by image.",
        formula="mean_i ([argmax z(x_i) = y_i] - [argmax z(t(x_i)) = y_i]), t the transform",
        source="Goh et al. 2021 (Multimodal Neurons), Distill, doi 10.23915/distill.00030",
        unit="%",
        higher_is_better=False,
        statistic=WEIGHTED_SUM,
        tasks=("classification", "typographic"),
        find_recipes=find_attacked_and_clean,
        samples=sample_drop,
        value_range=(-1, 1),
    ),
)
