"""The comparison of at_least."""

from __future__ import annotations

from robustcheck.judge.case import Bounds, Case, Comparison
from robustcheck.judge.estimates import estimate_value
from robustcheck.judge.wording import say_against_limit
from robustcheck.values.expectations import AtLeast


def compare_at_least(expect: AtLeast, warn: AtLeast | None, case: Case) -> Comparison:
    """Hold the value against its smallest good value."""
    return Comparison(
        estimate_value(case),
        Bounds(low=expect.limit.value),
        Bounds(low=warn.limit.value) if warn else None,
        say_against_limit(case.score, expect.limit.value, case.unit),
    )
