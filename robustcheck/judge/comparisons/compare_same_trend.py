"""The comparison of same_trend: the largest distance between the lines of groups."""

from __future__ import annotations

from math import inf

from robustcheck.judge.case import Bounds, Comparison, Estimate
from robustcheck.judge.group_case import GroupCase, GroupComparison
from robustcheck.judge.group_lines import describe_lines, note_weak_lines, place_on_axis
from robustcheck.judge.group_margins import over_groups
from robustcheck.judge.wording import say_points, say_value
from robustcheck.stats.differences import cut_to
from robustcheck.stats.line_gap import line_gap
from robustcheck.values.expectations import SameTrend


def compare_same_trend(expect: SameTrend, warn: SameTrend | None, case: GroupCase) -> GroupComparison:
    """Hold the largest distance between the lines of the groups against the distance that is allowed."""
    groups, notes = place_on_axis(case.groups, expect.axis)
    gap, sure = line_gap([group.points for group in groups], expect.axis, seed=case.seed)
    one, other = (groups[index].name for index in gap.pair)
    shared = f"{say_value(gap.x_low, case.x_unit)} to {say_value(gap.x_high, case.x_unit)}"
    comparison = Comparison(
        Estimate(gap.value, cut_to(sure.interval, 0.0, 1.0 if case.bounded else inf), sure.error),
        Bounds(high=expect.within.value),
        Bounds(high=warn.within.value) if warn else None,
        f"the lines of {one} and {other} lie up to {say_points(gap.value, case.unit)} apart, "
        f"at x = {say_value(gap.x, case.x_unit)}",
        in_points=True,
        expected=0.0,
        notes=(*notes, *note_weak_lines(groups, expect.axis)),
        facts=(*describe_lines(groups, expect.axis, case.x_unit), ("x in common", shared)),
    )
    return over_groups(comparison, groups, case.unit)
