"""How sure a score is: its interval at any level, and its variance."""

from __future__ import annotations

from math import isfinite, sqrt

from robustcheck.errors import RecordError
from robustcheck.judge.case import Case, Estimate
from robustcheck.stats.intervals import covariance, score_intervals, trials_of, unseen_variance
from robustcheck.stats.proportions import ROUNDING, clopper_pearson_interval, proportion_interval, share_variance
from robustcheck.values import Samples, Score


def estimate_value(case: Case) -> Estimate:
    """Estimate the value itself: from its samples, or binomial from a published n."""
    return estimate_score(case.score, case.unit, case.seed)


def estimate_score(score: Score, unit: str, seed: int) -> Estimate:
    """Estimate a score; for a share, a fail is decided on the exact interval, which keeps its level at any n."""
    error = sqrt(estimate_variance(score, unit))
    n = score.n if score.samples is None else trials_of(score.samples)
    if n:
        return Estimate(
            score.value,
            lambda level: proportion_interval(score.value, n, level),
            error,
            lambda level: clopper_pearson_interval(round(score.value * n), n, level),
        )
    assert score.samples is not None, "a score without samples is a share of n"
    return Estimate(score.value, score_intervals(score.samples, seed=seed), error)


def estimate_variance(score: Score, unit: str) -> float:
    """Return the sampling variance of a score, never zero: no data is certain.

    Raises RecordError where neither the samples nor a binomial n says how sure a value is.
    """
    if score.samples is None:
        _require_share(score, unit)
        return share_variance(score.value, score.n)
    observed = covariance(score.samples, score.samples)
    return observed if observed > ROUNDING**2 else _variance_unseen(score, score.samples)


def _variance_unseen(score: Score, samples: Samples) -> float:
    """Bound the variance where all samples are alike, such as those of a detection without a mistake."""
    found = unseen_variance(samples, score.value)
    if found is not None:
        return found
    raise RecordError(
        f"all {score.n:,} samples of {score.cell.quantity.label} are alike: "
        f"they do not say how sure {score.value:g} is",
        expected="samples that differ",
        fix="use a larger slice or data set",
    )


def _require_share(score: Score, unit: str) -> None:
    """Refuse a figure whose n says nothing: only a share of n samples is binomial."""
    if unit == "%" and 0 <= score.value <= 1 and isfinite(score.low) and isfinite(score.high):
        return
    quantity = score.cell.quantity
    raise RecordError(
        f"the {score.evidence} {quantity.label} of {score.cell.model.id} has no interval: "
        f"{quantity.metric} is not a share of its {score.n:,} samples, and the table has no per-sample scores",
        expected="a measurement with its per-sample scores",
        fix="measure it here: --robust-evidence live, with the data set in a --robust-data directory",
    )
