"""The comparison of at_most."""

from __future__ import annotations

from robustcheck.judge.case import Bounds, Case, Comparison
from robustcheck.judge.estimates import estimate_value
from robustcheck.judge.wording import say_against_limit
from robustcheck.values.expectations import AtMost


def compare_at_most(expect: AtMost, warn: AtMost | None, case: Case) -> Comparison:
    """Hold the value against its largest good value."""
    return Comparison(
        estimate_value(case),
        Bounds(high=expect.limit.value),
        Bounds(high=warn.limit.value) if warn else None,
        say_against_limit(case.score, expect.limit.value, case.unit),
    )
