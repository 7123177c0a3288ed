"""Recall at k of image and text retrieval."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from robustcheck.measure.metric import Metric
from robustcheck.protocols.retrieve.retrieval_ranks import Direction
from robustcheck.protocols.retrieve.scoring import find_recipes, samples
from robustcheck.stats.means import GROUP_MEAN, MEAN
from robustcheck.stats.statistic import Statistic

_SOURCE = "Karpathy and Fei-Fei 2015, arXiv 1412.2306; Radford et al. 2021, arXiv 2103.00020"
_FORMULAS: Mapping[Direction, str] = {
    "image": "mean over captions t of [rank of the image of t among all images, by cosine, is {k} or less]",
    "text": "mean over images v of [rank of the best caption of v among all captions, by cosine, is {k} or less]",
    "both": "(image_retrieval_recall@{k} + text_retrieval_recall@{k}) / 2",
}


def _recall(name: str, description: str, direction: Direction, k: int, statistic: Statistic = MEAN) -> Metric:
    return Metric(
        name=name,
        description=description,
        formula=_FORMULAS[direction].format(k=k),
        source=_SOURCE,
        unit="%",
        higher_is_better=True,
        statistic=statistic,
        tasks=("retrieval",),
        find_recipes=find_recipes,
        samples=partial(samples, direction=direction, k=k),
    )


_OF_IMAGES = tuple(
    _recall(
        f"image_retrieval_recall@{k}",
        f"Share of captions for which their own image is among the {k} nearest.",
        "image",
        k,
    )
    for k in (1, 5, 10)
)
_OF_TEXTS = tuple(
    _recall(
        f"text_retrieval_recall@{k}",
        f"Share of images for which one of their captions is among the {k} nearest.",
        "text",
        k,
    )
    for k in (1, 5, 10)
)
METRICS = (
    *_OF_IMAGES,
    *_OF_TEXTS,
    _recall("retrieval_recall@5", "Mean of image and text retrieval recall@5.", "both", 5, GROUP_MEAN),
)
