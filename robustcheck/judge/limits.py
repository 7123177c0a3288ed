"""Expectations about one value: at_least, at_most, between, reproduces."""

from __future__ import annotations

from math import isfinite, sqrt

from robustcheck.errors import RecordError
from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.wording import say_measured, say_points, say_side, say_value
from robustcheck.stats.intervals import covariance, score_intervals, trials_of, unseen_variance
from robustcheck.stats.proportions import ROUNDING, clopper_pearson_interval, proportion_interval, share_variance
from robustcheck.values import Samples, Score
from robustcheck.values.expectations import AtLeast, AtMost, Between, Reproduces


def compare_at_least(expect: AtLeast, warn: AtLeast | None, case: Case) -> Comparison:
    """Hold the value against its smallest good value."""
    return Comparison(
        value_estimate(case),
        Bounds(low=expect.limit.value),
        Bounds(low=warn.limit.value) if warn else None,
        _claim(case, expect.limit.value),
    )


def compare_at_most(expect: AtMost, warn: AtMost | None, case: Case) -> Comparison:
    """Hold the value against its largest good value."""
    return Comparison(
        value_estimate(case),
        Bounds(high=expect.limit.value),
        Bounds(high=warn.limit.value) if warn else None,
        _claim(case, expect.limit.value),
    )


def compare_between(expect: Between, warn: Between | None, case: Case) -> Comparison:
    """Hold the value against both ends of a range."""
    bounds = Bounds(expect.low.value, expect.high.value)
    return Comparison(
        value_estimate(case),
        bounds,
        Bounds(warn.low.value, warn.high.value) if warn else None,
        _claim(case, bounds.nearest(case.score.value)),
    )


def compare_reproduces(expect: Reproduces, warn: Reproduces | None, case: Case) -> Comparison:
    """Hold a live value against the published one.

    Both rest on the same images and weights, so their difference has no sampling error.
    """
    assert case.reference is not None, "the session gathers the published figure"
    difference = case.score.value - case.reference.value
    published = say_value(case.reference.value, case.unit)
    return Comparison(
        Estimate(difference, lambda _: (difference, difference), 0.0),
        Bounds(-expect.within.value, expect.within.value),
        Bounds(-warn.within.value, warn.within.value) if warn else None,
        f"{say_measured(case.score, case.unit)} is {say_points(difference, case.unit)} "
        f"{say_side(difference)} the published {published}",
        in_points=True,
        expected=case.reference.value,
        notes=("the same images and weights: no sampling error",),
        facts=(("published", case.reference.source),),
    )


def value_estimate(case: Case) -> Estimate:
    """Estimate the value itself: from its samples, or binomial from a published n."""
    return score_estimate(case.score, case.unit, case.seed)


def score_estimate(score: Score, unit: str, seed: int) -> Estimate:
    """Estimate a score; of a share, a fail is decided on the exact interval, which keeps its level at any n."""
    error = sqrt(value_variance(score, unit))
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


def value_variance(score: Score, unit: str) -> float:
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
        f"{quantity.metric} is no share of its {score.n:,} samples, and the table has no per-sample scores",
        expected="a measurement with its per-sample scores",
        fix="measure it here: --robust-evidence live, with the data set in a --robust-data directory",
    )


def _claim(case: Case, limit: float) -> str:
    difference = case.score.value - limit
    return (
        f"{say_measured(case.score, case.unit)} is {say_points(difference, case.unit)} "
        f"{say_side(difference)} the limit of {say_value(limit, case.unit)}"
    )
