"""The comparison of group_above: two groups in their means, or one against the line of the other."""

from __future__ import annotations

from robustcheck.judge.case import Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison, ModelGroup
from robustcheck.judge.group_lines import describe_lines, note_extrapolation, note_weak_lines, place_on_axis
from robustcheck.judge.group_margins import compare_effect, describe_sizes, hold_to_margin
from robustcheck.judge.wording import say_points, say_side, say_value
from robustcheck.stats.group_effects import mean_difference, rank_sum_p, residual_difference
from robustcheck.stats.lines import fit_line
from robustcheck.values.expectations import GroupAbove


def compare_group_above(expect: GroupAbove, warn: GroupAbove | None, case: GroupCase) -> GroupComparison:
    """Hold the mean difference of two groups, or the mean residual of one from the other's line, against a margin."""
    comparison, groups = (_residuals if expect.by == "residual" else _means)(expect, case)
    comparison = hold_to_margin(comparison, expect.margin, warn.margin if warn else None, case)
    return GroupComparison(comparison, tuple(len(group.members) for group in groups), case.unit)


def _means(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    higher, lower = case.groups
    effect = mean_difference(higher.values, lower.values, seed=case.seed)
    means = tuple(say_value(float(group.values.mean()), case.unit) for group in case.groups)
    claim = (
        f"mean {case.metric} {means[0]} of {higher.name} is {say_points(effect.value, case.unit)} "
        f"{say_side(effect.value)} the {means[1]} of {lower.name}"
    )
    facts = (*describe_sizes(case.groups), ("Mann-Whitney p", f"{rank_sum_p(higher.values, lower.values):.3g}"))
    return compare_effect(effect, claim, float(lower.values.mean()), facts=facts), case.groups


def _residuals(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    groups, notes = place_on_axis(case.groups, expect.axis)
    apart, fitted = reversed(groups) if expect.is_line_of_higher else groups
    effect = residual_difference(apart.points, fitted.points, expect.axis, seed=case.seed)
    level = float(fit_line(fitted.points, expect.axis).at(apart.points.x).mean())
    above, below = f"mean {case.metric} of {apart.name}", f"the line of {fitted.name}"
    if expect.is_line_of_higher:
        # What is asked is how far `higher` is above: its line, over the mean of the models apart from it.
        effect, level, above, below = effect.reversed, float(apart.values.mean()), below, above
    comparison = compare_effect(
        effect,
        f"{above} lies {say_points(effect.value, case.unit)} {say_side(effect.value)} {below}",
        level,
        notes=(*notes, *note_extrapolation(apart, fitted, case.x_unit), *note_weak_lines((fitted,), expect.axis)),
        facts=(*describe_sizes(groups), *describe_lines((fitted,), expect.axis, case.x_unit)),
    )
    return comparison, groups
