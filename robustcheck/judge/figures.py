"""The plots of lines: of a population, and of the groups of a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from robustcheck.errors import RecordError
from robustcheck.judge.case import PopulationPoints
from robustcheck.judge.drawn_line import draw_line
from robustcheck.judge.group_case import GroupCase
from robustcheck.judge.group_lines import place_on_axis
from robustcheck.listing import name_all
from robustcheck.stats.trend import fit_trend, sample_line
from robustcheck.stats.trend_of_several import TrendPlane, expect_on_plane, find_placed, seen_from_the_side
from robustcheck.values import TrendFigure, TrendPoint, Unit
from robustcheck.values.checks import Check
from robustcheck.values.expectations import GroupLine


def draw_trend(
    suite: str,
    check: Check,
    population: PopulationPoints,
    units: tuple[Unit, Unit] = ("%", "%"),
    *,
    bounded: bool = False,
) -> TrendFigure:
    """Return what a plot of the check's whole population shows; ``units`` are those of x and y.

    ``bounded`` says that y lies between 0 and 1.
    """
    line = check.expect.needs.line
    assert line is not None, "only a check that needs a population's line has a plot of it"
    points = population.within(line.x_range)
    drawn = draw_line(line, population, points)
    fit = seen_from_the_side(drawn) if isinstance(drawn, TrendPlane) else drawn
    if isinstance(drawn, TrendPlane):
        points, units = _seen_from_the_side(drawn, population, points), (units[1], units[1])
    against = [each.quantity().label for each in line.against]
    is_plane = len(against) > 1
    return TrendFigure(
        suite=suite,
        check_key=check.key,
        population=population.name,
        x_label=f"{check.quantity.label}, expected from {name_all(against)}" if is_plane else against[0],
        y_label=check.quantity.label,
        fit=fit,
        points=tuple(point for point in points if point.model not in fit.dropped),
        line=sample_line(fit, fit.x_low, fit.x_high, bounded=bounded),
        source=population.source,
        licence=population.licence,
        x_unit=units[0],
        y_unit=units[1],
        of_expected=is_plane,
    )


def _seen_from_the_side(
    plane: TrendPlane, population: PopulationPoints, points: Sequence[TrendPoint]
) -> tuple[TrendPoint, ...]:
    """Return the members with what the plane expects of them as x."""
    x = population.all_x(points)
    kept = np.flatnonzero(find_placed(x, np.array([point.y for point in points]), plane.axis)).tolist()
    return tuple(replace(points[place], x=expect_on_plane(plane, x[place].tolist()).value) for place in kept)


def draw_groups(line: GroupLine, case: GroupCase) -> TrendFigure | None:
    """Return the plot of a check that compares lines: the line through one group, and the points of all.

    None where too few models draw one.
    """
    check = case.planned.check
    groups, _ = place_on_axis(case.groups, line.axis)
    points = [[TrendPoint(each.model, each.x, each.y, group.name) for each in group.members] for group in groups]
    try:
        fit = fit_trend(points[line.group], line.axis)
    except RecordError:
        return None
    return TrendFigure(
        suite=case.planned.suite.path,
        check_key=check.key,
        population=case.evidence,
        x_label=line.against.quantity().label,
        y_label=check.quantity.label,
        fit=fit,
        points=tuple(point for group in points for point in group),
        line=sample_line(fit, fit.x_low, fit.x_high, bounded=case.bounded),
        source=case.source,
        licence=case.licence,
        x_unit="%" if case.x_unit == "%" else "",
        y_unit="%" if case.unit == "%" else "",
        line_of=groups[line.group].name,
    )
