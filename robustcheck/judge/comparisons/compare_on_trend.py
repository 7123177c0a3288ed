"""The comparison of on_trend: where a model lies against the line of a population."""

from __future__ import annotations

from math import sqrt

from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.drawn_line import find_line
from robustcheck.judge.estimates import estimate_score
from robustcheck.judge.trend_families import say_networks, say_range
from robustcheck.judge.wording import say_measured, say_points, say_side, say_value
from robustcheck.listing import name_any
from robustcheck.stats.axes import axis_by_name
from robustcheck.stats.differences import Estimated, cut_to
from robustcheck.stats.intervals import shared_covariance
from robustcheck.stats.proportions import IntervalAt
from robustcheck.stats.residual import residual_intervals
from robustcheck.stats.trend import Expected, expect_at
from robustcheck.values import Score, TrendFit
from robustcheck.values.expectations import OnTrend

LITTLE_EXPLAINED = 0.8


def compare_on_trend(expect: OnTrend, warn: OnTrend | None, case: Case) -> Comparison:
    """Hold the residual from the line, fitted without this model, against what is allowed."""
    x = case.x
    assert x is not None, "the session gathers x"
    asked = expect.needs.line
    assert asked is not None, "this kind rests on a line"
    line = find_line(asked, case)
    fit = line.fit
    at = expect_at(fit, x.value, case.score.value)
    residual = case.score.value - at.value
    return Comparison(
        _residual(case, x, fit, at),
        _bounds(expect, fit, x.value, at.value, case.higher_is_better),
        _bounds(warn, fit, x.value, at.value, case.higher_is_better) if warn else None,
        f"{say_measured(case.score, case.unit)} is {say_points(residual, case.unit)} {say_side(residual)} trend",
        in_points=True,
        expected=at.value,
        notes=(*_notes(expect, fit, at, x, case), *line.notes),
        facts=_facts(expect, fit, at, x, case),
    )


def _residual(case: Case, x: Score, fit: TrendFit, at: Expected) -> Estimate:
    """Estimate y - line(x) from y, x through the line's gain, what they share, and the fit itself."""
    y = case.score
    of_y, of_x = estimate_score(y, case.unit), estimate_score(x, case.x_unit)
    shared = at.x_gain * (_shared(y, x) if case.shared is None else case.shared)
    of_line = sqrt((at.x_gain * of_x.error) ** 2 + at.fit_variance)
    own = max(0.0, of_y.error**2 + (at.x_gain * of_x.error) ** 2 - 2 * shared)
    correlation = max(-1.0, min(1.0, shared / (of_y.error * of_line)))

    def intervals(strict: bool) -> IntervalAt:
        ends = [Estimated(part.value, (strict and part.strict) or part.interval) for part in (of_y, of_x)]
        found = residual_intervals(ends[0], ends[1], fit, correlation)
        return cut_to(found, -1.0, 1.0) if case.bounded else found

    return Estimate(
        y.value - at.value,
        intervals(strict=False),
        sqrt(own + at.fit_variance),
        strict=intervals(strict=True),
        fixed=sqrt(at.fit_variance),
    )


def _shared(y: Score, x: Score) -> float:
    """Return the covariance of two scores of one model; 0 unless they rest on the same images."""
    if y.samples is None or x.samples is None or not y.shares_images(x):
        return 0.0
    return shared_covariance(y.samples, x.samples)


def _bounds(expect: OnTrend, fit: TrendFit, x: float, value: float, higher_is_better: bool) -> Bounds:
    if expect.within is not None:
        band = expect_at(fit, x, level=expect.within)
        return Bounds(band.low - value, band.high - value)
    assert expect.allowed_below is not None, "the language wants one of the two"
    allowed = expect.allowed_below.value
    return Bounds(low=-allowed) if higher_is_better else Bounds(high=allowed)


def _notes(expect: OnTrend, fit: TrendFit, at: Expected, x: Score, case: Case) -> tuple[str, ...]:
    notes = []
    scatter = _scatter(fit, at)
    if at.extrapolated:
        low, high = say_value(fit.x_low, case.x_unit), say_value(fit.x_high, case.x_unit)
        notes.append(
            f"extrapolated: x = {say_value(x.value, case.x_unit)} lies outside the population's {low} to {high}"
        )
    if expect.allowed_below is not None and expect.allowed_below.value < scatter:
        notes.append(
            f"the limit of {expect.allowed_below} is tighter than the population's own scatter "
            f"({say_points(scatter, case.unit)}, one residual scale)"
        )
    if fit.r2 < LITTLE_EXPLAINED:
        notes.append(f"the trend explains little here (r2 = {fit.r2:.2f} on {fit.axis} axes)")
    if x.evidence != case.score.evidence:
        notes.append(f"mixed evidence: y is {case.score.evidence}, x is {x.evidence}")
    if case.score.cell.quantity.dataset == x.cell.quantity.dataset and "published" in (case.score.evidence, x.evidence):
        notes.append(
            "a figure has no per-image scores: what a part shares with the whole is not known, so the "
            "interval treats the two as independent and is wide"
        )
    return tuple(notes)


def _scatter(fit: TrendFit, at: Expected) -> float:
    return fit.scale / axis_by_name(fit.axis).slope(at.value)


def _facts(expect: OnTrend, fit: TrendFit, at: Expected, x: Score, case: Case) -> tuple[tuple[str, str], ...]:
    narrowed = "".join(f", {facet} {name_any(values)}" for facet, values in sorted(expect.among.items()))
    z = "undefined" if at.z is None else f"{at.z:+.2f}"
    low, high = (max(0.0, at.low), min(1.0, at.high)) if case.bounded else (at.low, at.high)
    return (
        ("expected on trend", say_value(at.value, case.unit)),
        ("95% prediction band", f"{say_value(low, case.unit)} to {say_value(high, case.unit)}"),
        ("z", z),
        ("x", f"{x.cell.quantity.label} = {say_value(x.value, case.x_unit)}"),
        ("population", f"{expect.population}{narrowed}: {say_networks(fit)}{_left_out(case)}"),
        ("range of x", say_range(fit, x.value, case.x_unit)),
        ("fit", f"slope {fit.slope:.3f}, residual scale {fit.scale:.3f} ({fit.axis}), r2 {fit.r2:.3f}"),
    )


def _left_out(case: Case) -> str:
    people = case.population
    assert people is not None, "the session gathers the population"
    others = people.without_network(case.network or case.planned.model.id)
    return ", this one left out" if len(others.points) < len(people.points) else ""
