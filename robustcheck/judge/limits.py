"""Expectations about one value: at_least, at_most, between, reproduces."""

from __future__ import annotations

from functools import cache
from math import sqrt

from robustcheck.expectations import AtLeast, AtMost, Between, Reproduces
from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.wording import say_measured, say_points, say_side, say_value
from robustcheck.records import Score
from robustcheck.stats.intervals import Interval, covariance, proportion_interval, score_interval


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
    score = case.score

    # The bootstrap is the dear part of judging, and a verdict asks for the same two levels repeatedly.
    @cache
    def interval(level: float) -> Interval:
        if score.samples is not None:
            return score_interval(score.samples, level, seed=case.seed)
        return proportion_interval(score.value, score.n, level)

    return Estimate(score.value, interval, sqrt(value_variance(score)))


def value_variance(score: Score) -> float:
    """Return the sampling variance of a score, never zero: no data is certain.

    A value at 0 or 1 has no spread of its own; half a count is added on either side.
    """
    observed = 0.0 if score.samples is None else covariance(score.samples, score.samples)
    if observed > 0:
        return observed
    share = (score.value * score.n + 0.5) / (score.n + 1)
    return share * (1 - share) / score.n


def _claim(case: Case, limit: float) -> str:
    difference = case.score.value - limit
    return (
        f"{say_measured(case.score, case.unit)} is {say_points(difference, case.unit)} "
        f"{say_side(difference)} the limit of {say_value(limit, case.unit)}"
    )
