"""Metrics of multiple choice among four names."""

from __future__ import annotations

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption, MetricOption, ModelOption, NumberOption
from robustcheck.protocols.multiple_choice.questions import ORDERS
from robustcheck.protocols.multiple_choice.scoring import (
    find_choice,
    find_rotated,
    find_written,
    sample_bias,
    sample_choice,
    sample_parsed,
)
from robustcheck.stats.means import MEAN

_SELECTION = "Whose mistakes are the wrong names; without it the model's own, where it scores all classes."
_ANSWER = ChoiceOption(
    name="answer",
    default="letters",
    values=("letters", "text"),
    description="The likeliest letter as the first token, or what is written.",
)
_ORDER = ChoiceOption(
    name="order",
    default="seeded",
    values=ORDERS,
    description="Of the names: shuffled, the right one first as in the paper, or all four rotations.",
)
_COMMON: tuple[MetricOption, ...] = (
    NumberOption(name="images", default="0", description="Images to ask about; 0 for all.", whole=True, low=0),
    NumberOption(name="seed", default="0", description="Of the order and of the images.", whole=True, low=0),
)
# The selection model takes part; only its accuracy is a measurement of its own.
_TAKES_PART = ModelOption(name="selector", description=_SELECTION, is_measured=False)

METRICS = (
    Metric(
        name="multiple_choice_accuracy",
        noun="multiple-choice accuracy",
        description="Share of images whose class is chosen among four names, in a circle in all four rotations.",
        formula="mean_i [chosen name = y_i] among y_i and the three k != y_i of the largest z_ik of the selector",
        source="Tu, Deng and Gedeon 2024, arXiv 2410.01534; Zhang et al. 2024 (ImageNet-D), arXiv 2403.18775",
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_choice,
        samples=sample_choice,
        options=(ModelOption(name="selector", description=_SELECTION), _ANSWER, _ORDER, *_COMMON),
    ),
    Metric(
        name="answer_parse_rate",
        noun="parse rate",
        description="Share of written answers that choose one option.",
        formula="mean_i [exactly one option can be read from answer i]",
        source="Tu, Deng and Gedeon 2024, arXiv 2410.01534",
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_written,
        samples=sample_parsed,
        options=(_TAKES_PART, _ORDER, *_COMMON),
    ),
    Metric(
        name="position_bias",
        noun="position bias",
        description="How much oftener than in a quarter of the answers the favourite letter is chosen, names rotated.",
        formula="max_l P(letter l is chosen) - 1/4, each name at each letter once",
        source="this project; rotations as in Liu et al. 2023 (MMBench), arXiv 2307.06281",
        unit="%",
        higher_is_better=False,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_rotated,
        samples=sample_bias,
        value_range=(0, 0.75),
        options=(_TAKES_PART, _ANSWER, *_COMMON),
    ),
)
