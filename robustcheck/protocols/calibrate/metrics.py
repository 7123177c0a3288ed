"""Calibration errors and proper scores."""

from __future__ import annotations

from functools import partial
from math import inf

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import ChoiceOption, DatasetOption, MetricOption, NumberOption
from robustcheck.protocols.calibrate.losses import brier_losses, log_losses
from robustcheck.protocols.calibrate.scoring import (
    Score,
    find_recipes,
    sample_confidences,
    sample_losses,
    sample_ranking,
    samples,
)
from robustcheck.stats.calibration import BINS
from robustcheck.stats.calibration_error import ECE, ECE_MASS
from robustcheck.stats.means import MEAN
from robustcheck.stats.risk_coverage import AURC
from robustcheck.stats.statistic import Statistic
from robustcheck.values import UNIT_RANGE, Task

_OPTIONS = (
    ChoiceOption(
        name="temperature",
        default="none",
        values=("none", "fitted", "oracle"),
        description="Scale the logits: not at all, by the temperature of half the in-distribution set, "
        "or by the best one here.",
        always_keyed=True,
    ),
    DatasetOption(
        name="fitted_on",
        description="The set the temperature is fitted on; default: the in-distribution set.",
        always_keyed=True,
    ),
    ChoiceOption(
        name="half",
        default="auto",
        values=("auto", "all", "test"),
        description="Score all images, or the half not fitted on (auto: that half where images were fitted on).",
        always_keyed=True,
    ),
)
_BINS = NumberOption(
    name="bins", default=str(BINS), whole=True, low=1, high=1000, description="The number of bins.", always_keyed=True
)


_FORMULAS = {
    "ece": "sum_b (n_b / n) |acc_b - conf_b| over bins of confidence of equal width",
    "aurc": "(1/n) sum_k (errors among the k most confident answers) / k",
    "ece_mass": "sum_b (n_b / n) |acc_b - conf_b| over bins of equally many images",
    "nll": "mean_i (log sum_c exp(z_ic / T) - z_iy / T)",
    "brier": "mean_i sum_c (p_ic - [c = y_i])^2",
}
_SOURCES = {
    "ece": "Guo et al. 2017, arXiv 1706.04599",
    "aurc": "Geifman, Uziel and El-Yaniv 2019, arXiv 1805.08206",
    "ece_mass": "Nixon et al. 2019, arXiv 1904.01685",
    "nll": "Guo et al. 2017, arXiv 1706.04599",
    "brier": "Brier 1950, Monthly Weather Review 78",
}


def _calibration(
    name: str,
    noun: str,
    description: str,
    score: Score,
    statistic: Statistic,
    options: tuple[MetricOption, ...] = _OPTIONS,
    *,
    value_range: tuple[float, float] = UNIT_RANGE,
    tasks: tuple[Task, ...] = ("classification", "typographic", "video"),
) -> Metric:
    return Metric(
        name=name,
        noun=noun,
        description=description,
        formula=_FORMULAS[name],
        source=_SOURCES[name],
        unit="",
        higher_is_better=False,
        statistic=statistic,
        tasks=tasks,
        find_recipes=find_recipes,
        samples=partial(samples, score=score),
        options=options,
        value_range=value_range,
    )


METRICS = (
    _calibration(
        "ece",
        "ECE",
        "Expected calibration error: mean distance of confidence and accuracy over bins of equal width.",
        sample_confidences,
        ECE,
        (*_OPTIONS, _BINS),
    ),
    _calibration(
        "aurc",
        "AURC",
        "Area under the risk-coverage curve: the mean share of errors among the most confident answers.",
        sample_ranking,
        AURC,
    ),
    _calibration(
        "ece_mass",
        "equal-mass ECE",
        "Expected calibration error over bins that hold equally many images.",
        sample_confidences,
        ECE_MASS,
        (*_OPTIONS, _BINS),
    ),
    _calibration(
        "nll",
        "NLL",
        "Mean negative log-likelihood of the right class, in nats.",
        partial(sample_losses, loss=log_losses),
        MEAN,
        value_range=(0, inf),
    ),
    _calibration(
        "brier",
        "Brier score",
        "Mean squared distance of the probabilities from the right answer, 0 to 2.",
        partial(sample_losses, loss=brier_losses),
        MEAN,
        value_range=(0, 2),
        # Of several right classes it would have to say how they share the chance.
        tasks=("classification", "typographic"),
    ),
)
