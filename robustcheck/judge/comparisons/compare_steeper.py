"""The comparison of steeper: the slopes of two groups' lines."""

from __future__ import annotations

from robustcheck.judge.case import Bounds, Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison
from robustcheck.judge.group_lines import describe_lines, note_weak_lines, place_on_axis
from robustcheck.judge.group_margins import estimate_effect, over_groups
from robustcheck.judge.wording import say_side
from robustcheck.stats.group_effects import slope_difference, tan_delta
from robustcheck.stats.lines import fit_line
from robustcheck.values.expectations import Steeper


def compare_steeper(expect: Steeper, warn: Steeper | None, case: GroupCase) -> GroupComparison:
    """Hold the difference of two groups' slopes against a margin."""
    groups, notes = place_on_axis(case.groups, expect.axis)
    first, second = groups
    effect = slope_difference(first.points, second.points, expect.axis, seed=case.seed)
    slopes = [float(fit_line(group.points, expect.axis).slope[0]) for group in groups]
    claim = (
        f"slope {slopes[0]:.3f} of {first.name} is {abs(effect.value):.3f} {say_side(effect.value)} "
        f"the slope {slopes[1]:.3f} of {second.name}"
    )
    tangent = ("tan(delta) of the two angles", f"{tan_delta(*slopes):+.4f} on {expect.axis} axes")
    comparison = Comparison(
        estimate_effect(effect),
        Bounds(low=expect.margin.value),
        Bounds(low=warn.margin.value) if warn else None,
        claim,
        in_points=True,
        notes=(*notes, *note_weak_lines(groups, expect.axis)),
        facts=(*describe_lines(groups, expect.axis, case.x_unit), tangent),
    )
    return over_groups(comparison, groups, "")
