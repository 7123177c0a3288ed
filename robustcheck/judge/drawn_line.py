"""The line of a check's population, without its candidate: the same however often the candidate is measured."""

from __future__ import annotations

from robustcheck.judge.case import Case, DrawnLine
from robustcheck.judge.trend_families import note_family_skew
from robustcheck.stats.trend import fit_trend
from robustcheck.values.expectations import PopulationLine


def find_line(asked: PopulationLine, case: Case) -> DrawnLine:
    """Return the line that a case has, else fit it; raise RecordError where too few models draw one."""
    if case.line is not None:
        return case.line
    assert case.population is not None, "the session gathers the population"
    people = case.population.without_network(case.network or case.planned.model.id)
    points = people.within(asked.x_range)
    fit = fit_trend(points, asked.axis, leave_out=case.planned.model.id, families=people.families or None)
    return DrawnLine(fit, note_family_skew(points, people.families, asked.axis, case.unit))
