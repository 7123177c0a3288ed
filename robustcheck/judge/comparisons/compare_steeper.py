"""The comparison of steeper: the slopes of two groups' lines, or the angle between them."""

from __future__ import annotations

import numpy as np

from robustcheck.judge.case import Bounds, Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison, ModelGroup
from robustcheck.judge.group_lines import describe_lines, note_weak_lines, place_on_axis
from robustcheck.judge.group_margins import estimate_effect, over_groups
from robustcheck.judge.wording import say_side
from robustcheck.stats.crossed_ways import Sure
from robustcheck.stats.group_effects import slope_difference, tan_delta
from robustcheck.stats.lines import Points, fit_line
from robustcheck.values import Pairs
from robustcheck.values.expectations import Steeper


def compare_steeper(expect: Steeper, warn: Steeper | None, case: GroupCase) -> GroupComparison:
    """Hold how much more steeply one group's line rises than the other's against a margin.

    With ``more_than`` it is how much larger that is than in the other quantity, over the same draws of the models.
    """
    groups, notes = place_on_axis(case.groups, expect.axis)
    first, second = groups
    beyond = (first.start_points, second.start_points) if expect.more_than else None
    effect = slope_difference(first.points, second.points, expect.axis, seed=case.seed, by=expect.by, beyond=beyond)
    comparison = Comparison(
        estimate_effect(effect),
        Bounds(low=expect.margin.value),
        Bounds(low=warn.margin.value) if warn else None,
        _claim(expect, groups, effect),
        in_points=True,
        notes=(*notes, *note_weak_lines(groups, expect.axis)),
        facts=(*describe_lines(groups, expect.axis, case.x_unit), *_tangents(expect, groups)),
    )
    return over_groups(comparison, groups, "")


def _claim(expect: Steeper, groups: tuple[ModelGroup, ...], effect: Sure) -> str:
    names = " and ".join(group.name for group in groups)
    if expect.more_than is not None:
        what = "tan(delta)" if expect.by == "tan_delta" else "the difference of the slopes"
        here, there = (_contrast(expect, points) for points in _both_quantities(groups))
        quantity = expect.more_than.quantity().label
        side = f"{abs(effect.value):.3f} {say_side(effect.value)} the {there:+.3f} for {quantity}"
        return f"{what} of {names} is {here:+.3f}, {side}"
    if expect.by == "tan_delta":
        return f"tan(delta) of the lines of {names} is {effect.value:+.3f}"
    slopes = _slopes(expect, [group.points for group in groups])
    return (
        f"slope {slopes[0]:.3f} of {groups[0].name} is {abs(effect.value):.3f} {say_side(effect.value)} "
        f"the slope {slopes[1]:.3f} of {groups[1].name}"
    )


def _both_quantities(groups: tuple[ModelGroup, ...]) -> tuple[list[Points], list[Points]]:
    return [group.points for group in groups], [group.start_points for group in groups]


def _contrast(expect: Steeper, points: list[Points]) -> float:
    first, second = _slopes(expect, points)
    return _tangent(first, second) if expect.by == "tan_delta" else first - second


def _slopes(expect: Steeper, points: list[Points]) -> tuple[float, float]:
    first, second = (float(fit_line(each, expect.axis).slope[0]) for each in points)
    return first, second


def _tangent(first: float, second: float) -> float:
    return float(tan_delta(np.array([first]), np.array([second]))[0])


def _tangents(expect: Steeper, groups: tuple[ModelGroup, ...]) -> Pairs:
    """Say tan(delta) whatever is compared, and in the other quantity where there is one."""
    here, there = _both_quantities(groups)
    told = [f"{_tangent(*_slopes(expect, here)):+.4f} on {expect.axis} axes"]
    if expect.more_than is not None:
        told.append(f"{_tangent(*_slopes(expect, there)):+.4f} for {expect.more_than.quantity().label}")
    return (("tan(delta) of the two angles", ", ".join(told)),)
