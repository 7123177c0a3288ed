"""Corruption errors."""

from __future__ import annotations

from functools import partial
from math import inf

from robustcheck.measure.metric import FindRecipes, Metric
from robustcheck.measure.option import DatasetOption, MetricOption
from robustcheck.protocols.corrupt.corruption_errors import mce, mean_corruption_error, relative_mce
from robustcheck.protocols.corrupt.scoring import Weigh, find_recipes, find_recipes_with_clean, samples
from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.values import UNIT_RANGE

_CLEAN = DatasetOption(
    name="clean",
    default="imagenet-val",
    description="The set of clean images that the corrupted ones were made from.",
    against=True,
    always_keyed=True,
)


_FORMULAS = {
    "mce": "mean_c (sum_s E_cs / sum_s A_cs), E the errors of the model and A those of AlexNet",
    "relative_mce": "mean_c (sum_s (E_cs - E_clean) / sum_s (A_cs - A_clean))",
    "mean_corruption_error": "mean over corruptions c and severities s of E_cs",
}
_SOURCE = "Hendrycks and Dietterich 2019, arXiv 1903.12261"


def _corruption_error(
    name: str,
    description: str,
    weigh: Weigh,
    find: FindRecipes = find_recipes,
    *,
    noun: str = "",
    options: tuple[MetricOption, ...] = (),
    value_range: tuple[float, float] = (0, inf),
) -> Metric:
    return Metric(
        name=name,
        noun=noun,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCE,
        unit="%",
        higher_is_better=False,
        statistic=WEIGHTED_SUM,
        tasks=("classification",),
        tasks_further="in subsets, by corruption and severity",
        find_recipes=find,
        samples=partial(samples, weigh=weigh),
        options=options,
        value_range=value_range,
    )


METRICS = (
    _corruption_error(
        "mce",
        "Mean corruption error: errors over AlexNet's, averaged over the corruptions.",
        mce,
        noun="mCE",
    ),
    _corruption_error(
        "relative_mce",
        "Relative mean corruption error: what corruption adds to the errors, over what it adds to AlexNet's.",
        relative_mce,
        find_recipes_with_clean,
        noun="relative mCE",
        value_range=(-inf, inf),
        options=(_CLEAN,),
    ),
    _corruption_error(
        "mean_corruption_error",
        "Mean error over corruptions and severities, not divided by AlexNet's.",
        mean_corruption_error,
        value_range=UNIT_RANGE,
    ),
)
