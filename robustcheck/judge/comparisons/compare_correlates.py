"""The comparison of correlates: the correlation of two quantities over the models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.judge.case import Bounds, Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison
from robustcheck.judge.group_margins import describe_sizes, estimate_effect, over_groups
from robustcheck.judge.wording import say_side, say_value
from robustcheck.numerals import write_p
from robustcheck.stats.correlation import Method, correlation, correlation_of, correlation_p
from robustcheck.stats.differences import cut_to
from robustcheck.values.expectations import Correlates


def compare_correlates(expect: Correlates, warn: Correlates | None, case: GroupCase) -> GroupComparison:
    """Hold the correlation of two quantities over the models against its limit."""
    points = case.groups[0].points
    methods: tuple[Method, ...] = ("spearman", "pearson")
    values = {method: correlation_of(points.x, points.y, method) for method in methods}
    if not np.isfinite(values[expect.method]):
        raise RecordError("one of the two quantities is the same for all models: there is no correlation")
    effect = correlation(points, expect.method, seed=case.seed)
    limit = expect.at_least or expect.at_most
    assert limit is not None, "the language wants one"
    off = effect.value - limit.value
    span = " to ".join(say_value(float(end), case.x_unit) for end in (points.x.min(), points.x.max()))
    over = f"{expect.with_.quantity().label} from {span}"
    claim = (
        f"{expect.method.capitalize()}'s correlation over {over} is {effect.value:.3f}, "
        f"{abs(off):.3f} {say_side(off)} the limit of {limit.value:.3f}"
    )
    p_values = {method: correlation_p(value, points.size) for method, value in values.items()}
    facts = [
        (f"{method.capitalize()}'s correlation", f"{value:.3f} (p {write_p(p_values[method], 3, '= ')})")
        for method, value in values.items()
    ]
    comparison = Comparison(
        replace(estimate_effect(effect), interval=cut_to(effect.interval, -1.0, 1.0)),
        _range(expect),
        _range(warn) if warn else None,
        claim,
        facts=(*describe_sizes(case.groups), *facts),
    )
    return over_groups(comparison, case.groups, "")


def _range(expect: Correlates) -> Bounds:
    if expect.at_least is not None:
        return Bounds(low=expect.at_least.value)
    return Bounds(high=expect.at_most.value if expect.at_most else 1.0)
