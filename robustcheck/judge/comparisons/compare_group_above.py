"""The comparison of group_above: two groups in their means, or one against the line of the other."""

from __future__ import annotations

from dataclasses import replace

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
from robustcheck.numerals import write_p
from robustcheck.stats.crossed_ways import Reversed, Sure
from robustcheck.stats.group_effects import local_difference, mean_difference, rank_sum_p, residual_difference
from robustcheck.stats.lines import Points
from robustcheck.values.expectations import GroupAbove


def compare_group_above(expect: GroupAbove, warn: GroupAbove | None, case: GroupCase) -> GroupComparison:
    """Hold the mean difference of two groups, or the mean residual of one from the other's line, against a margin.

    With ``more_than`` it is how much larger that is than in the other quantity, over the same draws of the models.
    """
    compare = {"value": _means, "residual": _residuals, "local": _neighbours}[expect.by]
    comparison, groups = compare(expect, case)
    # Each of two effects lies between -1 and 1, so their difference between -2 and 2.
    comparison = hold_to_margin(comparison, expect, warn, case, most=2.0 if expect.more_than else 1.0)
    return over_groups(comparison, groups, case.unit)


def _means(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    higher, lower = case.groups
    # A mean of changes is the change of the mean, so the difference of two differences needs no more than this.
    values = tuple(group.values - group.starts if expect.more_than else group.values for group in case.groups)
    effect = mean_difference(*values, seed=case.seed, families=(higher.families, lower.families))
    means = tuple(say_value(float(each.mean()), case.unit) for each in values)
    what = f"the {means[1]} of {lower.name}{_say_beyond(expect)}"
    side = f"{say_points(effect.value, case.unit)} {say_side(effect.value)}"
    changes = "change of " if expect.more_than else ""
    claim = f"mean {changes}{case.metric} {means[0]} of {higher.name} is {side} {what}"
    facts = (*describe_sizes(case.groups), ("Mann-Whitney p", write_p(rank_sum_p(*values), 3)))
    return compare_effect(effect, claim, float(values[1].mean()), facts=facts), case.groups


def _say_beyond(expect: GroupAbove) -> str:
    return f", both from {expect.more_than.quantity().label}" if expect.more_than else ""


def _residuals(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    groups, notes = place_on_axis(case.groups, expect.axis)
    apart, fitted = reversed(groups) if expect.is_line_of_higher else groups
    beyond = (apart.start_points, fitted.start_points) if expect.more_than else None
    effect: Sure = residual_difference(apart.points, fitted.points, expect.axis, seed=case.seed, beyond=beyond)
    level = float(apart.values.mean()) - effect.value
    above, below = f"mean {case.metric} of {apart.name}", f"the line of {fitted.name}"
    if expect.is_line_of_higher:
        # What is asked is how far `higher` is above: its line, over the mean of the models apart from it.
        effect, level, above, below = Reversed(effect), float(apart.values.mean()), below, above
    comparison = compare_effect(
        effect,
        f"{above} lies {say_points(effect.value, case.unit)} {say_side(effect.value)} {below}"
        f"{_say_more(expect)}{say_extrapolated(apart, fitted)}",
        level,
        notes=(*notes, *note_extrapolation(apart, fitted, case.x_unit), *note_weak_lines((fitted,), expect.axis)),
        facts=(*describe_sizes(groups), *describe_lines((fitted,), expect.axis, case.x_unit)),
    )
    return comparison, groups


def _say_more(expect: GroupAbove) -> str:
    return f", compared with {expect.more_than.quantity().label}" if expect.more_than else ""


def _neighbours(expect: GroupAbove, case: GroupCase) -> tuple[Comparison, tuple[ModelGroup, ...]]:
    """Compare where both groups have models: each model with those of the other group whose x is alike."""
    reach = expect.reach.value
    higher, lower = (
        _keep_near(group, other, reach, case) for group, other in (case.groups, tuple(reversed(case.groups)))
    )
    effect = local_difference(_from_start(higher, expect), _from_start(lower, expect), reach, seed=case.seed)
    level = float(higher.values.mean()) - effect.value
    claim = (
        f"mean {case.metric} of {higher.name} lies {say_points(effect.value, case.unit)} {say_side(effect.value)} "
        f"that of {lower.name} within {expect.reach} of x{_say_more(expect)}"
    )
    facts = (*describe_sizes((higher, lower)), ("of these many have a like one", say_sizes(case.groups)))
    return compare_effect(effect, claim, level, facts=facts), (higher, lower)


def _from_start(group: ModelGroup, expect: GroupAbove) -> Points:
    points = group.points
    return replace(points, y=points.y - group.starts) if expect.more_than else points


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
