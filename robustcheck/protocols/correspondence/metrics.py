"""Recall of correspondences: of matched points on surfaces, and of keypoints."""

from __future__ import annotations

from robustcheck.datasets import ALL
from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption, MetricOption, NumberOption
from robustcheck.protocols.correspondence.feature_maps import NORMALISATIONS
from robustcheck.protocols.correspondence.scoring import PROTOCOL, find_recipes, sample_keypoints, sample_recall
from robustcheck.stats.means import GROUP_MEAN, MEAN

# The bins that the published protocols name, in degrees.
BINS = ("0-15", "0-30", "15-30", "30-60", "60-90", "60-180", "90-120")
_SHOWN: tuple[MetricOption, ...] = (
    ChoiceOption(
        name="pictures",
        default=PROTOCOL,
        values=(PROTOCOL, "own"),
        description="The size of the pictures: the protocol's, or resized to the model's own input.",
    ),
    ChoiceOption(
        name="normalisation",
        default=PROTOCOL,
        values=(PROTOCOL, *NORMALISATIONS),
        description="Mean and std of the pixels: the protocol's, the model's own, 0.5 (half), or ImageNet's.",
    ),
)

_ALPHA = "Errors below this share of the box."

METRICS = (
    Metric(
        name="correspondence_recall",
        noun="correspondence recall",
        description="Share of a pair's matches whose error is below a threshold, as the mean over pairs.",
        formula="mean over pairs of (matches whose error is below the threshold) / (matches)",
        source="El Banani et al. 2024, arXiv 2404.08636",
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("correspondence",),
        counted="pairs of images",
        find_recipes=find_recipes,
        samples=sample_recall,
        options=(
            NumberOption(
                name="threshold", description="Errors below it are right; without it the data set's own.", low=1e-6
            ),
            ChoiceOption(name="unit", values=("px", "m"), description="Of the error; without it the data set's first."),
            ChoiceOption(
                name="viewpoint",
                default=ALL,
                values=(ALL, *BINS),
                description="Pairs by the angle between their views in degrees, the upper end excluded.",
            ),
            NumberOption(
                name="matches",
                description="Most distinct matches of a pair to keep; without it the data set's own.",
                whole=True,
                low=1,
            ),
            *_SHOWN,
        ),
    ),
    Metric(
        name="pck",
        noun="PCK",
        description="Share of keypoints found within alpha of the target's box, as the mean over categories.",
        formula="mean over categories of mean over keypoints of [|found - true| < alpha max(h, w)], h and w of the box",
        source="Min et al. 2019 (SPair-71k), arXiv 1908.10543",
        unit="%",
        higher_is_better=True,
        statistic=GROUP_MEAN,
        tasks=("keypoints",),
        find_recipes=find_recipes,
        samples=sample_keypoints,
        options=(
            NumberOption(name="alpha", default="0.1", description=_ALPHA, low=1e-6, high=1),
            ChoiceOption(
                name="viewpoint",
                default=ALL,
                values=(ALL, "0", "1", "2"),
                description="Pairs by their annotated difference of viewpoint.",
            ),
            *_SHOWN,
        ),
    ),
)
