"""The line of a check's population, without its candidate: the same however often the candidate is measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robustcheck.judge.case import Case, DrawnLine, PopulationPoints
from robustcheck.judge.trend_families import note_family_skew
from robustcheck.stats.model_families import number_families
from robustcheck.stats.trend import fit_trend
from robustcheck.stats.trend_of_several import TrendPlane, fit_several
from robustcheck.values import TrendFit, TrendPoint
from robustcheck.values.expectations import PopulationLine


def find_line(asked: PopulationLine, case: Case) -> DrawnLine:
    """Return the line, or the plane, that a case has, else fit it; raise RecordError where too few models draw one."""
    if case.line is not None:
        return case.line
    assert case.population is not None, "the session gathers the population"
    people = case.population.without_network(case.network or case.planned.model.id)
    points = [point for point in people.within(asked.x_range) if point.model != case.planned.model.id]
    fit = draw_line(asked, people, points)
    return DrawnLine(fit, note_family_skew(points, people, fit, case.unit))


def draw_line(asked: PopulationLine, people: PopulationPoints, points: Sequence[TrendPoint]) -> TrendFit | TrendPlane:
    """Fit the line that a check asks for through some points of a population; against several sets, the plane."""
    if len(asked.against) == 1:
        return fit_trend(points, asked.axis, families=people.families or None)
    families = number_families([people.families.get(point.model, point.model) for point in points])
    on_y = np.array([point.y for point in points])
    return fit_several(people.all_x(points), on_y, asked.axis, families if people.families else None)
