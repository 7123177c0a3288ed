"""Metrics of adversarial attacks."""

from __future__ import annotations

from math import inf

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import (
    ChoiceOption,
    FractionOption,
    FractionsOption,
    MetricOption,
    ModelOption,
    NumberOption,
)
from robustcheck.protocols.attack.attacks import ATTACKS
from robustcheck.protocols.attack.scoring import (
    find_robust,
    find_smallest,
    find_swept,
    sample_masked,
    sample_robust,
    sample_smallest,
)
from robustcheck.protocols.attack.spaces import SPACES
from robustcheck.protocols.attack.wrong_options import find_wrong_options
from robustcheck.stats.means import MEAN
from robustcheck.stats.median import FEWEST, MEDIAN

_EPS = "How far each image may be moved; several are attacked in one pass."
# A step of twice eps leads from one end of the ball to the other: a longer one ends where that one does.
_STEP = "Length of a step as a share of eps; without it the attack's own."
_COMMON: tuple[MetricOption, ...] = (
    ChoiceOption(name="attack", default="pgd", values=tuple(ATTACKS), description="How the images are moved."),
    ChoiceOption(name="norm", default="linf", values=("linf", "l2"), description="What eps bounds."),
    ChoiceOption(
        name="space",
        default="pixel",
        values=tuple(SPACES),
        description="Where images move; roz as in the paper's code.",
    ),
    NumberOption(name="images", default="1000", description="Images to attack; 0 for all.", whole=True, low=0),
    NumberOption(name="seed", default="0", description="Of the images and of random starts.", whole=True, low=0),
    NumberOption(name="steps", description="Steps; without it the attack's own number.", whole=True, low=1),
    NumberOption(name="step", description=_STEP, low=1e-6, high=2),
    NumberOption(name="restarts", description="Starts of pgd and apgd; without it their own.", whole=True, low=1),
    ChoiceOption(name="loss", default="ce", values=("ce", "margin", "dlr"), description="What steps climb."),
    NumberOption(name="loss_scale", default="1", description="What logits are multiplied with in the loss.", low=1e-6),
    NumberOption(name="queries", default="100", description="Queries of nes and spsa a step.", whole=True, low=2),
    NumberOption(name="candidates", description="Classes that deepfool considers; without it all.", whole=True, low=2),
    ModelOption(name="substitute", description="The model to attack by transfer from.", is_measured=False),
)

METRICS = (
    Metric(
        name="robust_accuracy",
        noun="robust accuracy",
        description="Share of images that are classified rightly untouched and after an attack within eps.",
        formula="mean_i [f(x_i) = y_i and f(x_i + d_i) = y_i], d_i as the attack finds it with |d_i| <= eps",
        source="Madry et al. 2018, arXiv 1706.06083; Croce and Hein 2020, arXiv 2003.01690",
        unit="%",
        higher_is_better=True,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_robust,
        samples=sample_robust,
        options=(
            FractionsOption(name="eps", default="8/255", description=_EPS, low=0),
            FractionOption(
                name="at", description="The eps whose accuracy is the value; without it the largest.", low=0
            ),
            *_COMMON,
        ),
        wrong_options=find_wrong_options,
    ),
    Metric(
        name="median_min_eps",
        noun="median smallest eps",
        description="Median over images of the smallest eps at which the attack changes a right answer.",
        formula="median_i min {eps : f(x_i + d_i(eps)) != y_i}, 0 where f(x_i) != y_i",
        source="Wang et al. 2024, arXiv 2403.10499",
        unit="",
        higher_is_better=True,
        statistic=MEDIAN,
        tasks=("classification",),
        find_recipes=find_smallest,
        samples=sample_smallest,
        value_range=(0, inf),
        n_min=FEWEST,
        options=(
            FractionsOption(name="eps", description="The sizes to try; without it the paper's k/1000.", low=0),
            ChoiceOption(
                name="search", default="scan", values=("scan", "bisect"), description="Every size, or by halving."
            ),
            *_COMMON,
        ),
        wrong_options=find_wrong_options,
    ),
    Metric(
        name="masking_gap",
        noun="masking gap",
        description="Share of images that an attack leaves right and another way of attacking does not.",
        formula="mean_i [right under the attack and wrong under another way of attacking]",
        source="Athalye, Carlini and Wagner 2018, arXiv 1802.00420; Carlini et al. 2019, arXiv 1902.06705",
        unit="%",
        higher_is_better=False,
        statistic=MEAN,
        tasks=("classification",),
        find_recipes=find_swept,
        samples=sample_masked,
        options=(
            FractionsOption(name="eps", default="8/255", description="How far images may be moved.", low=0),
            *_COMMON,
        ),
        wrong_options=find_wrong_options,
    ),
)
