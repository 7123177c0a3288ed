"""Expectations about the lines of groups of models: steeper and same_trend, and the plots of lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.judge.case import Bounds, Comparison, Estimate
from robustcheck.judge.group_case import Group, GroupCase, Weighed
from robustcheck.judge.wording import say_points, say_side, say_value
from robustcheck.listing import name_first
from robustcheck.stats.axes import AxisName
from robustcheck.stats.group_effects import line_gap, slope_difference, tan_delta
from robustcheck.stats.lines import Points, fit_line, forward, r_squared
from robustcheck.stats.trend import fit_trend, sample_line
from robustcheck.values import Pairs, TrendFigure, TrendPoint
from robustcheck.values.expectations import GroupAbove, GroupExpectation, SameTrend, Steeper

LITTLE_EXPLAINED = 0.8


def weigh_steeper(expect: Steeper, warn: Steeper | None, case: GroupCase) -> Weighed:
    """Hold the difference of two groups' slopes against a margin."""
    groups, notes = on_axis(case.groups, expect.axis)
    first, second = groups
    effect = slope_difference(first.points, second.points, expect.axis, seed=case.seed)
    slopes = [float(fit_line(group.points, expect.axis).slope[0]) for group in groups]
    claim = (
        f"slope {slopes[0]:.3f} of {first.name} is {abs(effect.value):.3f} {say_side(effect.value)} "
        f"the slope {slopes[1]:.3f} of {second.name}"
    )
    tangent = ("tan(delta) of the two angles", f"{tan_delta(*slopes):+.4f} on {expect.axis} axes")
    comparison = Comparison(
        Estimate(effect.value, effect.interval, effect.error),
        Bounds(low=expect.margin.value),
        Bounds(low=warn.margin.value) if warn else None,
        claim,
        in_points=True,
        notes=(*notes, *line_notes(groups, expect.axis)),
        facts=(*line_facts(groups, expect.axis, case.x_unit), tangent),
    )
    return Weighed(comparison, tuple(len(group.members) for group in groups), "")


def weigh_same_trend(expect: SameTrend, warn: SameTrend | None, case: GroupCase) -> Weighed:
    """Hold the largest distance of the groups' lines against what they may lie apart."""
    groups, notes = on_axis(case.groups, expect.axis)
    gap = line_gap([group.points for group in groups], expect.axis, seed=case.seed)
    one, other = (groups[index].name for index in gap.pair)
    shared = f"{say_value(gap.x_low, case.x_unit)} to {say_value(gap.x_high, case.x_unit)}"
    comparison = Comparison(
        Estimate(gap.value, gap.interval, gap.error),
        Bounds(high=expect.within.value),
        Bounds(high=warn.within.value) if warn else None,
        f"the lines of {one} and {other} lie up to {say_points(gap.value, case.unit)} apart, "
        f"at x = {say_value(gap.x, case.x_unit)}",
        in_points=True,
        expected=0.0,
        notes=(*notes, *line_notes(groups, expect.axis)),
        facts=(*line_facts(groups, expect.axis, case.x_unit), ("x in common", shared)),
    )
    return Weighed(comparison, tuple(len(group.members) for group in groups), case.unit)


def group_figure(expect: GroupExpectation, case: GroupCase) -> TrendFigure | None:
    """Return the plot of a check that compares lines: the line of the group that others are held against.

    None where nothing is held against a line, or too few models draw one.
    """
    check, axis = case.planned.check, getattr(expect, "axis", None)
    against = getattr(expect, "against", None)
    if against is None or axis is None:
        return None
    groups, _ = on_axis(case.groups, axis)
    points = [[TrendPoint(each.model, each.x, each.y, group.name) for each in group.members] for group in groups]
    fitted = 1 if isinstance(expect, GroupAbove) and not expect.is_line_of_higher else 0
    try:
        fit = fit_trend(points[fitted], axis)
    except RecordError:
        return None
    return TrendFigure(
        suite=case.planned.suite.path,
        check_key=check.key,
        population=case.evidence,
        x_label=against.quantity().label,
        y_label=check.quantity.label,
        fit=fit,
        points=tuple(point for group in points for point in group),
        line=sample_line(fit, fit.x_low, fit.x_high),
        source=case.source,
        licence=case.licence,
        x_unit="%" if case.x_unit == "%" else "",
        y_unit="%" if case.unit == "%" else "",
        line_of=groups[fitted].name,
    )


def on_axis(groups: Sequence[Group], axis: AxisName) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Return the groups without the members that have no place on the axis, and a note that names those."""
    kept = tuple(Group(group.name, tuple(m for m in group.members if _has_place(m.x, m.y, axis))) for group in groups)
    lost = [
        m.model for before, after in zip(groups, kept, strict=True) for m in before.members if m not in after.members
    ]
    for group in kept:
        if not group.members:
            raise RecordError(f"no model of {group.name} has a place on a {axis} axis", fix="use axis: linear")
    return kept, ((f"without {name_first(lost)}: 0% and 100% have no place on a {axis} axis",) if lost else ())


def _has_place(x: float, y: float, axis: AxisName) -> bool:
    return bool(np.isfinite(forward(np.array([x, y]), axis)).all())


def beyond(group: Group, fitted: Group, x_unit: str) -> tuple[str, ...]:
    """Say how many members of a group lie outside the x of the models that draw the line."""
    low, high = float(fitted.points.x.min()), float(fitted.points.x.max())
    outside = int(((group.points.x < low) | (group.points.x > high)).sum())
    if not outside:
        return ()
    place = f"{say_value(low, x_unit)} to {say_value(high, x_unit)}"
    return (
        f"extrapolated: {outside} of {len(group.members)} models of {group.name} lie outside the line's x, {place}",
    )


def line_notes(groups: Sequence[Group], axis: AxisName) -> tuple[str, ...]:
    """Say which groups' lines explain little."""
    weak = [(group.name, r2) for group in groups if (r2 := _r2(group.points, axis)) < LITTLE_EXPLAINED]
    return tuple(f"the line of {name} explains little (r2 = {r2:.2f} on {axis} axes)" for name, r2 in weak)


def line_facts(groups: Sequence[Group], axis: AxisName, x_unit: str) -> Pairs:
    """Describe the line of each group."""
    return tuple(("line of " + group.name, _line_text(group.points, axis, x_unit)) for group in groups)


def _line_text(points: Points, axis: AxisName, x_unit: str) -> str:
    slope, r2 = float(fit_line(points, axis).slope[0]), _r2(points, axis)
    reach = f"x {say_value(float(points.x.min()), x_unit)} to {say_value(float(points.x.max()), x_unit)}"
    return f"{points.size} models, slope {slope:.3f} ({axis}), r2 {r2:.3f}, {reach}"


def _r2(points: Points, axis: AxisName) -> float:
    return r_squared(points, fit_line(points, axis))
