"""Expectations about groups of models: what is compared, and how to say it."""

from __future__ import annotations

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.judge.case import Bounds, Comparison, Estimate
from robustcheck.judge.group_case import FEW_PAIRS, Group, GroupCase, Weighed
from robustcheck.judge.group_lines import beyond, line_facts, line_notes, on_axis
from robustcheck.judge.wording import say_points, say_side, say_value
from robustcheck.stats.compare import mcnemar_p
from robustcheck.stats.group_effects import (
    Effect,
    Method,
    correlation,
    correlation_of,
    correlation_p,
    matched_difference,
    matched_residual_difference,
    mean_difference,
    rank_sum_p,
    residual_difference,
)
from robustcheck.stats.lines import Points, fit_line
from robustcheck.values import Amount, Pairs
from robustcheck.values.expectations import Correlates, GroupAbove, Improves


def weigh_group_above(expect: GroupAbove, warn: GroupAbove | None, case: GroupCase) -> Weighed:
    """Hold the mean difference of two groups, or the mean residual of one from the other's line, against a margin."""
    comparison, groups = (_residuals if expect.by == "residual" else _means)(expect, case)
    bounds = (_better_by(expect.margin, case), _better_by(warn.margin, case) if warn else None)
    return Weighed(_bounded(comparison, *bounds), tuple(len(group.members) for group in groups), case.unit)


def _means(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[Group, ...]]:
    higher, lower = case.groups
    effect = mean_difference(higher.values, lower.values, seed=case.seed)
    means = tuple(say_value(float(group.values.mean()), case.unit) for group in case.groups)
    claim = (
        f"mean {_metric(case)} {means[0]} of {higher.name} is {say_points(effect.value, case.unit)} "
        f"{say_side(effect.value)} the {means[1]} of {lower.name}"
    )
    facts = (*_sizes(case.groups), ("Mann-Whitney p", f"{rank_sum_p(higher.values, lower.values):.3g}"))
    return _comparison(effect, claim, float(lower.values.mean()), facts=facts), case.groups


def _residuals(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[Group, ...]]:
    groups, notes = on_axis(case.groups, expect.axis)
    apart, fitted = reversed(groups) if expect.is_line_of_higher else groups
    effect = residual_difference(apart.points, fitted.points, expect.axis, seed=case.seed)
    level = float(fit_line(fitted.points, expect.axis).at(apart.points.x).mean())
    above, below = f"mean {_metric(case)} of {apart.name}", f"the line of {fitted.name}"
    if expect.is_line_of_higher:
        # What is asked is how far `higher` is above: its line, over the mean of the models apart from it.
        effect, level, above, below = effect.reversed, float(apart.values.mean()), below, above
    comparison = _comparison(
        effect,
        f"{above} lies {say_points(effect.value, case.unit)} {say_side(effect.value)} {below}",
        level,
        notes=(*notes, *beyond(apart, fitted, case.x_unit), *line_notes((fitted,), expect.axis)),
        facts=(*_sizes(groups), *line_facts((fitted,), expect.axis, case.x_unit)),
    )
    return comparison, groups


def weigh_correlates(expect: Correlates, warn: Correlates | None, case: GroupCase) -> Weighed:
    """Hold the correlation of two quantities over the models against its limit."""
    points = case.groups[0].points
    methods: tuple[Method, ...] = ("spearman", "pearson")
    values = {method: correlation_of(points.x, points.y, method) for method in methods}
    if not np.isfinite(values[expect.method]):
        raise RecordError("one of the two quantities is the same for all models: there is no correlation")
    effect = correlation(points.x, points.y, expect.method, seed=case.seed)
    limit = expect.at_least or expect.at_most
    assert limit is not None, "the language wants one"
    off = effect.value - limit.value
    claim = (
        f"{expect.method.capitalize()}'s correlation is {effect.value:.3f}, "
        f"{abs(off):.2g} {say_side(off)} the limit of {limit}"
    )
    facts = [
        (f"{method.capitalize()}'s correlation", f"{value:.3f} (p = {correlation_p(value, points.size):.3g})")
        for method, value in values.items()
    ]
    comparison = Comparison(
        _estimate(effect), _range(expect), _range(warn) if warn else None, claim, facts=(*_sizes(case.groups), *facts)
    )
    return Weighed(comparison, (points.size,), "")


def _range(expect: Correlates) -> Bounds:
    if expect.at_least is not None:
        return Bounds(low=expect.at_least.value)
    return Bounds(high=expect.at_most.value if expect.at_most else 1.0)


def weigh_improves(expect: Improves, warn: Improves | None, case: GroupCase) -> Weighed:
    """Hold the mean change over matched pairs against a margin."""
    before, after = (_paired_means(case, side) for side in ("before", "after"))
    comparison = _changed_residuals(expect, case, before, after) if expect.by == "residual" else None
    comparison = comparison or _changed_values(expect, case, before, after)
    bounds = (_better_by(expect.margin, case), _better_by(warn.margin, case) if warn else None)
    return Weighed(_bounded(comparison, *bounds), (len(case.pairs),), case.unit, "pairs", FEW_PAIRS)


def _paired_means(case: GroupCase, side: str) -> Points:
    """Return one point for each pair: several models with the same facets count with their mean."""
    means = [np.mean([(member.x, member.y) for member in getattr(pair, side)], axis=0) for pair in case.pairs]
    return Points(*np.array(means).T)


def _changed_values(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    effect = matched_difference(before.y, after.y, seed=case.seed)
    start, end = (say_value(float(side.y.mean()), case.unit) for side in (before, after))
    claim = f"mean {_metric(case)} changes by {_points(effect.value, case)} from {start} to {end}"
    if expect.than is not None:
        side = f"{say_points(effect.value, case.unit)} {say_side(effect.value)} the {start}"
        claim = f"mean {case.planned.check.quantity.label} {end} is {side} of {expect.than.quantity().label}"
    return _comparison(effect, claim, float(before.y.mean()), facts=_pair_facts(case, after.y - before.y))


def _changed_residuals(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    effect = matched_residual_difference(before, after, expect.axis, seed=case.seed)
    line = fit_line(before, expect.axis)
    changes = (after.y - line.at(after.x)) - (before.y - line.at(before.x))
    group = case.groups[0]
    return _comparison(
        effect,
        f"mean {_metric(case)} moves by {_points(effect.value, case)} against the line of the models before",
        float(after.y.mean()) - effect.value,
        notes=line_notes((group,), expect.axis),
        facts=(*_pair_facts(case, changes), *line_facts((group,), expect.axis, case.x_unit)),
    )


def _pair_facts(case: GroupCase, changes: np.ndarray) -> Pairs:
    better = changes if case.higher_is_better else -changes
    ups, downs = int((better > 0).sum()), int((better < 0).sum())
    is_one_model_each = all(pair.before[0].model == pair.after[0].model for pair in case.pairs)
    models = "one model each" if is_one_model_each else _sized(case.groups, " models ")
    return (
        ("pairs", f"{len(case.pairs)}, of {models}"),
        (
            "better in",
            f"{ups} of {len(case.pairs)} pairs, worse in {downs} (sign test p = {mcnemar_p(ups, downs):.3g})",
        ),
    )


def _points(value: float, case: GroupCase) -> str:
    return ("-" if value < 0 else "+") + say_points(value, case.unit)


def _metric(case: GroupCase) -> str:
    return case.planned.check.quantity.metric


def _sizes(groups: tuple[Group, ...]) -> Pairs:
    return (("models", _sized(groups)),)


def _sized(groups: tuple[Group, ...], of: str = " of ") -> str:
    return ", ".join(f"{len(group.members)}{of}{group.name}" for group in groups)


def _estimate(effect: Effect) -> Estimate:
    return Estimate(effect.value, effect.interval, effect.error)


def _comparison(
    effect: Effect, claim: str, expected: float, *, notes: tuple[str, ...] = (), facts: Pairs = ()
) -> Comparison:
    return Comparison(
        _estimate(effect), Bounds(), None, claim, in_points=True, expected=expected, notes=notes, facts=facts
    )


def _bounded(comparison: Comparison, bounds: Bounds, warn_bounds: Bounds | None) -> Comparison:
    return Comparison(
        comparison.estimate,
        bounds,
        warn_bounds,
        comparison.claim,
        comparison.in_points,
        comparison.expected,
        comparison.notes,
        comparison.facts,
    )


def _better_by(margin: Amount, case: GroupCase) -> Bounds:
    return Bounds(low=margin.value) if case.higher_is_better else Bounds(high=-margin.value)
