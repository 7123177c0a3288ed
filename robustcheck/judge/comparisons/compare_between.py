"""The comparison of between."""

from __future__ import annotations

from robustcheck.judge.case import Bounds, Case, Comparison
from robustcheck.judge.estimates import estimate_value
from robustcheck.judge.wording import say_against_limit
from robustcheck.values.expectations import Between


def compare_between(expect: Between, warn: Between | None, case: Case) -> Comparison:
    """Hold the value against both ends of a range."""
    bounds = Bounds(expect.low.value, expect.high.value)
    return Comparison(
        estimate_value(case),
        bounds,
        Bounds(warn.low.value, warn.high.value) if warn else None,
        say_against_limit(case.score, bounds.nearest(case.score.value), case.unit),
    )
