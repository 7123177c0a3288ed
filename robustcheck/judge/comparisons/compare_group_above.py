"""The comparison of group_above: two groups in their means, or one against the line of the other."""

from __future__ import annotations

from robustcheck.errors import RecordError
from robustcheck.judge.case import Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison, ModelGroup
from robustcheck.judge.group_lines import (
    describe_lines,
    note_extrapolation,
    note_weak_lines,
    place_on_axis,
    say_extrapolated,
)
from robustcheck.judge.group_margins import compare_effect, describe_sizes, hold_to_margin, over_groups, say_sizes
from robustcheck.judge.wording import say_points, say_side, say_value
from robustcheck.stats.group_effects import local_difference, mean_difference, rank_sum_p, residual_difference
from robustcheck.stats.lines import fit_line
from robustcheck.values.expectations import GroupAbove


def compare_group_above(expect: GroupAbove, warn: GroupAbove | None, case: GroupCase) -> GroupComparison:
    """Hold the mean difference of two groups, or the mean residual of one from the other's line, against a margin."""
    compare = {"value": _means, "residual": _residuals, "local": _neighbours}[expect.by]
    comparison, groups = compare(expect, case)
    comparison = hold_to_margin(comparison, expect.margin, warn.margin if warn else None, case)
    return over_groups(comparison, groups, case.unit)


def _means(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    higher, lower = case.groups
    families = higher.families, lower.families
    effect = mean_difference(higher.values, lower.values, seed=case.seed, families=families)
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
        f"{above} lies {say_points(effect.value, case.unit)} {say_side(effect.value)} {below}"
        f"{say_extrapolated(apart, fitted)}",
        level,
        notes=(*notes, *note_extrapolation(apart, fitted, case.x_unit), *note_weak_lines((fitted,), expect.axis)),
        facts=(*describe_sizes(groups), *describe_lines((fitted,), expect.axis, case.x_unit)),
    )
    return comparison, groups


def _neighbours(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    """Compare where both groups have models: each model with those of the other group whose x is alike."""
    reach = expect.reach.value
    higher, lower = (
        _keep_near(group, other, reach, case) for group, other in (case.groups, tuple(reversed(case.groups)))
    )
    effect = local_difference(higher.points, lower.points, reach, seed=case.seed)
    level = float(higher.values.mean()) - effect.value
    claim = (
        f"mean {case.metric} of {higher.name} lies {say_points(effect.value, case.unit)} {say_side(effect.value)} "
        f"that of {lower.name} within {expect.reach} of x"
    )
    facts = (*describe_sizes((higher, lower)), ("of these many have a like one", say_sizes(case.groups)))
    return compare_effect(effect, claim, level, facts=facts), (higher, lower)


def _keep_near(group: ModelGroup, other: ModelGroup, reach: float, case: GroupCase) -> ModelGroup:
    """Return the group's members that have one of the other group within reach on the x axis."""
    near = tuple(each for each in group.members if any(abs(each.x - member.x) <= reach for member in other.members))
    if not near:
        raise RecordError(
            f"no model of {group.name} has an x within {say_points(reach, case.x_unit)} of one of {other.name}",
            expected="groups that share a range of x",
            fix="widen `reach`",
        )
    return ModelGroup(group.name, near)
