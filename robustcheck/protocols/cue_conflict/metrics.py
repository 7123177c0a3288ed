"""Shape bias, and accuracies by shape and by texture."""

from __future__ import annotations

from functools import partial

from robustcheck.measure.metric import FindRecipes, Metric
from robustcheck.protocols.cue_conflict.scoring import (
    Score,
    find_recipes,
    find_recipes_of_names,
    samples,
    shape_accuracy,
    shape_bias,
    texture_accuracy,
)
from robustcheck.stats.counted_ratios import RATIO
from robustcheck.stats.means import MEAN
from robustcheck.stats.statistic import Statistic

_FORMULAS = {
    "shape_bias": "N_shape / (N_shape + N_texture), N counting the images decided by each",
    "shape_bias_16way": "N_shape / (N_shape + N_texture), over the categories' own names",
    "cue_shape_accuracy": "N_shape / n",
    "cue_texture_accuracy": "N_texture / n",
}
_SOURCE = "Geirhos et al. 2019, arXiv 1811.12231"


def _decided(
    name: str,
    description: str,
    score: Score,
    statistic: Statistic,
    find: FindRecipes = find_recipes,
    *,
    noun: str = "",
    higher_is_better: bool = True,
    either_side: bool = False,
) -> Metric:
    return Metric(
        name=name,
        noun=noun,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCE,
        unit="%",
        higher_is_better=higher_is_better,
        statistic=statistic,
        tasks=("cue-conflict",),
        find_recipes=find,
        samples=partial(samples, score=score),
        by_image=True,
        either_side=either_side,
    )


METRICS = (
    _decided(
        "shape_bias",
        "Share of decisions by shape among those by shape or texture; all names merged into categories.",
        shape_bias,
        RATIO,
        either_side=True,
    ),
    _decided(
        "shape_bias_16way",
        "Shape bias of zero-shot classification over the categories' own names.",
        shape_bias,
        RATIO,
        find_recipes_of_names,
        noun="16-way shape bias",
        either_side=True,
    ),
    _decided(
        "cue_shape_accuracy",
        "Share of cue-conflict images that are decided by their shape.",
        shape_accuracy,
        MEAN,
        noun="accuracy by shape",
    ),
    _decided(
        "cue_texture_accuracy",
        "Share of cue-conflict images that are decided by their texture.",
        texture_accuracy,
        MEAN,
        noun="accuracy by texture",
        higher_is_better=False,
    ),
)
