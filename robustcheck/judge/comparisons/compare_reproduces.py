"""The comparison of reproduces."""

from __future__ import annotations

from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.wording import say_difference, say_value
from robustcheck.values.expectations import Reproduces


def compare_reproduces(expect: Reproduces, warn: Reproduces | None, case: Case) -> Comparison:
    """Hold a live value against the published one.

    Both rest on the same images and weights, so their difference has no sampling error.
    """
    assert case.reference is not None, "the session gathers the published figure"
    difference = case.score.value - case.reference.value
    published = say_value(case.reference.value, case.unit)
    bounds = Bounds(-expect.within.value, expect.within.value)
    return Comparison(
        Estimate(difference, lambda _: (difference, difference), 0.0),
        bounds,
        Bounds(-warn.within.value, warn.within.value) if warn else None,
        f"{say_difference(case.score, difference, bounds, case.unit)} the published {published}",
        in_points=True,
        expected=case.reference.value,
        notes=("the same images and weights: no sampling error",),
        facts=(("published", case.reference.source),),
    )
