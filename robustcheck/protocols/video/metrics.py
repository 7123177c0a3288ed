"""Accuracies of anchor frames, alone and with the frames around them."""

from __future__ import annotations

from robustcheck.measure.metric import MakeSamples, Metric
from robustcheck.measure.option import ChoiceOption, MetricOption
from robustcheck.protocols.video.scoring import ALL, find_recipes, sample_anchors, sample_surroundings
from robustcheck.stats.means import MEAN

_K = ChoiceOption(
    name="k",
    default=ALL,
    values=(ALL, "1", "2", "5", "10"),
    description="How many frames on either side must be right: all, or k.",
    always_keyed=True,
)


_FORMULAS = {
    "pm0": "mean over anchors a of [the answer to a is right]",
    "pm_k": "mean over anchors a of min over frames f around a, and a itself, of [the answer to f is right]",
}
_SOURCE = "Shankar et al. 2019, arXiv 1906.02168"


def _pm(name: str, noun: str, description: str, samples: MakeSamples, options: tuple[MetricOption, ...] = ()) -> Metric:
    return Metric(
        name=name,
        noun=noun,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCE,
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("video",),
        find_recipes=find_recipes,
        samples=samples,
        options=options,
    )


METRICS = (
    _pm("pm0", "pm-0 accuracy", "Share of anchor frames that are right.", sample_anchors),
    _pm(
        "pm_k",
        "pm-k accuracy",
        "Share of anchor frames that are right together with every frame around them.",
        sample_surroundings,
        (_K,),
    ),
)
