"""The comparison of on_trend: where a model lies against the line of a population, or its plane over several sets."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

import numpy as np

from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.drawn_line import find_line
from robustcheck.judge.estimates import estimate_score
from robustcheck.judge.trend_families import say_networks, say_range, say_ranges
from robustcheck.judge.wording import say_difference, say_points, say_value
from robustcheck.listing import name_all, name_any
from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.differences import Estimated, cut_to
from robustcheck.stats.intervals import shared_covariance
from robustcheck.stats.proportions import IntervalAt
from robustcheck.stats.residual import residual_intervals
from robustcheck.stats.trend import Expected
from robustcheck.stats.trend_of_several import TrendPlane, expect_on
from robustcheck.values import Pairs, Score, TrendFit
from robustcheck.values.expectations import OnTrend

LITTLE_EXPLAINED = 0.8


def compare_on_trend(expect: OnTrend, warn: OnTrend | None, case: Case) -> Comparison:
    """Hold the residual from the line, fitted without this model, against what is allowed."""
    assert case.all_x, "the session gathers x"
    asked = expect.needs.line
    assert asked is not None, "this kind rests on a line"
    line = find_line(asked, case)
    fit = line.fit
    at = expect_on(fit, _values(case), case.score.value)
    residual = case.score.value - at.value
    bounds = _bounds(expect, fit, case, at.value)
    return Comparison(
        _residual(case, fit, at),
        bounds,
        _bounds(warn, fit, case, at.value) if warn else None,
        f"{say_difference(case.score, residual, bounds, case.unit)} trend",
        in_points=True,
        expected=at.value,
        notes=(*_notes(expect, fit, at, case), *line.notes),
        facts=_facts(expect, fit, at, case),
    )


def _values(case: Case) -> list[float]:
    return [x.value for x in case.all_x]


def _units(case: Case) -> tuple[str, ...]:
    return (case.x_unit, *case.further_units)


def _residual(case: Case, fit: TrendFit | TrendPlane, at: Expected) -> Estimate:
    """Estimate y - line(x) from y, each x through the line's gain, what they share, and the fit itself."""
    y = case.score
    of_y, *of_x = (
        estimate_score(part, unit) for part, unit in zip((y, *case.all_x), (case.unit, *_units(case)), strict=True)
    )
    covariance, gains = _covariance(case, [part.error for part in (of_y, *of_x)]), np.array(at.x_gains)
    of_all_x = max(0.0, float(gains @ covariance[1:, 1:] @ gains))
    shared = float(gains @ covariance[0, 1:])
    own = max(0.0, of_y.error**2 + of_all_x - 2 * shared)
    correlation = max(-1.0, min(1.0, shared / (of_y.error * sqrt(of_all_x + at.fit_variance))))
    apart = float(gains**2 @ covariance.diagonal()[1:])
    stretch = sqrt(of_all_x / apart) if apart else 1.0

    def intervals(strict: bool) -> IntervalAt:
        first, *ends = (Estimated(part.value, (strict and part.strict) or part.interval) for part in (of_y, *of_x))
        found = residual_intervals(first, ends, fit, correlation, stretch)
        return cut_to(found, -1.0, 1.0) if case.bounded else found

    return Estimate(
        y.value - at.value,
        intervals(strict=False),
        sqrt(own + at.fit_variance),
        strict=intervals(strict=True),
        fixed=sqrt(at.fit_variance),
    )


def _covariance(case: Case, errors: list[float]) -> np.ndarray:
    """Return the covariance of y and all x (k + 1, k + 1), from their errors and the images that they share."""
    scores = (case.score, *case.all_x)
    shared = case.shared or [_shared(one, other) for one, other in combinations(scores, 2)]
    covariance = np.diag(np.square(errors))
    for (one, other), value in zip(combinations(range(len(scores)), 2), shared, strict=True):
        covariance[one, other] = covariance[other, one] = value
    return covariance


def _shared(y: Score, x: Score) -> float:
    """Return the covariance of two scores of one model; 0 unless they rest on the same images."""
    if y.samples is None or x.samples is None or not y.shares_images(x):
        return 0.0
    return shared_covariance(y.samples, x.samples)


def _bounds(expect: OnTrend, fit: TrendFit | TrendPlane, case: Case, value: float) -> Bounds:
    if expect.within is not None:
        band = expect_on(fit, _values(case), level=expect.within)
        return Bounds(band.low - value, band.high - value)
    assert expect.allowed_below is not None, "the language wants one of the two"
    allowed = expect.allowed_below.value
    return Bounds(low=-allowed) if case.higher_is_better else Bounds(high=allowed)


def _notes(expect: OnTrend, fit: TrendFit | TrendPlane, at: Expected, case: Case) -> tuple[str, ...]:
    notes = []
    scatter = _scatter(fit, at)
    if at.extrapolated:
        notes.append(f"extrapolated: {_where_outside(fit, case)}")
    if expect.allowed_below is not None and expect.allowed_below.value < scatter:
        notes.append(
            f"the limit of {expect.allowed_below} is tighter than the population's own scatter "
            f"({say_points(scatter, case.unit)}, one residual scale)"
        )
    if fit.r2 < LITTLE_EXPLAINED:
        notes.append(f"the trend explains little here (r2 = {fit.r2:.2f} on {fit.axis} axes)")
    return (*notes, *_evidence_notes(case))


def _where_outside(fit: TrendFit | TrendPlane, case: Case) -> str:
    values, units = _values(case), _units(case)
    if not isinstance(fit, TrendPlane):
        low, high = say_value(fit.x_low, units[0]), say_value(fit.x_high, units[0])
        return f"x = {say_value(values[0], units[0])} lies outside the population's {low} to {high}"
    parts = [
        f"{case.all_x[place].cell.quantity.label} = {say_value(values[place], units[place])} lies outside the "
        f"population's {say_value(fit.lows[place], units[place])} to {say_value(fit.highs[place], units[place])}"
        for place in fit.outside(values)
    ]
    return (
        name_all(parts) if parts else f"no model of the population is like this one on all {len(values)} sets at once"
    )


def _evidence_notes(case: Case) -> tuple[str, ...]:
    notes = []
    y = case.score
    others = [x for x in case.all_x if x.evidence != y.evidence]
    if others:
        notes.append(f"mixed evidence: y is {y.evidence}, x is {others[0].evidence}")
    on_same = [x for x in case.all_x if y.cell.quantity.dataset == x.cell.quantity.dataset]
    if any("published" in (y.evidence, x.evidence) for x in on_same):
        notes.append(
            "a figure has no per-image scores: what a part shares with the whole is not known, so the "
            "interval treats the two as independent and is wide"
        )
    return tuple(notes)


def _scatter(fit: TrendFit | TrendPlane, at: Expected) -> float:
    return fit.scale / axis_by_name(fit.axis).slope(at.value)


def _facts(expect: OnTrend, fit: TrendFit | TrendPlane, at: Expected, case: Case) -> Pairs:
    narrowed = "".join(f", {facet} {name_any(values)}" for facet, values in sorted(expect.among.items()))
    z = "undefined" if at.z is None else f"{at.z:+.2f}"
    low, high = (max(0.0, at.low), min(1.0, at.high)) if case.bounded else (at.low, at.high)
    x = [
        f"{x.cell.quantity.label} = {say_value(x.value, unit)}"
        for x, unit in zip(case.all_x, _units(case), strict=True)
    ]
    return (
        ("expected on trend", say_value(at.value, case.unit)),
        ("95% prediction band", f"{say_value(low, case.unit)} to {say_value(high, case.unit)}"),
        ("z", z),
        ("x", "; ".join(x)),
        ("population", f"{expect.population}{narrowed}: {say_networks(fit)}{_left_out(case)}"),
        ("range of x", _say_range(fit, case)),
        ("fit", f"{_say_slopes(fit, case)}, residual scale {fit.scale:.3f} ({fit.axis}), r2 {fit.r2:.3f}"),
    )


def _say_range(fit: TrendFit | TrendPlane, case: Case) -> str:
    if isinstance(fit, TrendPlane):
        return say_ranges(fit, case.all_x, _units(case))
    return say_range(fit, case.all_x[0].value, case.x_unit)


def _say_slopes(fit: TrendFit | TrendPlane, case: Case) -> str:
    if not isinstance(fit, TrendPlane):
        return f"slope {fit.slope:.3f}"
    slopes = zip(fit.slopes, case.all_x, strict=True)
    return f"slopes {name_all([f'{slope:.3f} of {x.cell.quantity.label}' for slope, x in slopes])}"


def _left_out(case: Case) -> str:
    people = case.population
    assert people is not None, "the session gathers the population"
    others = people.without_network(case.network or case.planned.model.id)
    return ", this one left out" if len(others.points) < len(people.points) else ""
