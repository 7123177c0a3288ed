"""PlacedDot plots: values with their intervals and limits, a row for each, on one axis."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from robustcheck.report.plot_axes import POINTS, PlotAxis, axis_over
from robustcheck.report.words import Kind, judged_model, kind_of, measured, signed
from robustcheck.values import Result, Verdict

# For the choice of ticks: a plot is drawn as wide as its place on the page.
WIDTH = 260.0
# Beside a reason, between names and numbers.
_NARROW = 110.0
MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class PlacedDot:
    """A value with its interval, in the units of the axis; ``name`` says whose it is, ``text`` what it is."""

    kind: Kind
    value: float
    low: float
    high: float
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class DotRow:
    """A row of a dot plot: dots under one name, and the limit that they are held against, where it is one."""

    name: str
    dots: tuple[PlacedDot, ...]
    limit: float | None = None
    is_joined: bool = False

    @property
    def value(self) -> str:
        """Return the text of the only dot; nothing for several."""
        return self.dots[0].text if len(self.dots) == 1 else ""

    @property
    def low(self) -> float:
        """Return the smallest value of the row."""
        return min(dot.value for dot in self.dots)

    @property
    def high(self) -> float:
        """Return the largest value of the row."""
        return max(dot.value for dot in self.dots)


@dataclass(frozen=True, slots=True)
class DotPlot:
    """Rows on one axis; ``zero`` names the line at zero, where there is one."""

    title: str
    axis: PlotAxis
    rows: tuple[DotRow, ...]
    zero: str = ""

    @property
    def has_values(self) -> bool:
        """Tell whether there are rows of one dot, whose value can be written beside it."""
        return any(row.value for row in self.rows)

    def x(self, value: float) -> float:
        """Return where a value lies, in percent of the axis; at the rim where it lies beyond it."""
        return round(100 * min(1.0, max(0.0, self.axis.share(value))), 1)


def dot_plot(title: str, rows: Sequence[DotRow], unit: str, zero: str = "", width: float = WIDTH) -> DotPlot | None:
    """Lay out rows on the axis that holds their values and limits; None where there is nothing to draw."""
    values = [dot.value for row in rows for dot in row.dots]
    ends = [end for row in rows for dot in row.dots for end in (dot.low, dot.high)]
    limits = [row.limit for row in rows if row.limit is not None] + [0.0] * bool(zero)
    shown = [place for place in (*values, *ends, *limits) if math.isfinite(place)]
    if not any(math.isfinite(value) for value in values):
        return None
    return DotPlot(title, axis_over("linear", shown, width, padding=0.06, unit=unit), tuple(rows), zero)


def margins_plot(results: Sequence[Result], most: int = MOST_ROWS) -> DotPlot | None:
    """Draw how far results lie from their limits, the worst first; those of another unit are left out.

    More results than rows share rows: those of one model or one check, or all beyond the worst.
    """
    drawn = [result for result in results if _is_finite(result.verdict)]
    if not drawn:
        return None
    unit = drawn[0].verdict.unit
    alike = [result for result in drawn if result.verdict.unit == unit]
    rows = _shared_rows(alike, most) if len(alike) > most else _single_rows(alike)
    return dot_plot("margin to the limit", rows, POINTS if unit == "%" else unit, zero="limit", width=_NARROW)


def _single_rows(results: Sequence[Result]) -> list[DotRow]:
    return [DotRow(name, (_margin_dot(one),)) for name, one in zip(_names(results), results, strict=True)]


def _shared_rows(results: Sequence[Result], most: int) -> list[DotRow]:
    """Give each model a row, or each check, where these are few; else the worst results, and one row to the others."""
    for key in (judged_model, lambda result: result.check_key, lambda result: result.check_id):
        groups: dict[str, list[Result]] = {}
        for result in results:
            groups.setdefault(key(result), []).append(result)
        if 1 < len(groups) <= most:
            return [_crowd(name, members) for name, members in groups.items()]
    worst, others = results[: most - 1], results[most - 1 :]
    return [*_single_rows(worst), _crowd(f"{len(others):,} more", others)]


def _crowd(name: str, results: Sequence[Result]) -> DotRow:
    """Draw many results in one row, without their intervals."""
    dots = map(_margin_dot, results)
    return DotRow(name, tuple(replace(dot, low=dot.value, high=dot.value) for dot in dots))


def margin_span(verdict: Verdict) -> tuple[float, float]:
    """Return the interval of a margin: that of what was judged, seen from the limit with the sign of the margin."""
    assert verdict.margin is not None, "only what has a margin is drawn"
    if verdict.low is None or verdict.high is None or verdict.compared is None:
        return verdict.margin, verdict.margin
    # The margin has the sign of (compared - limit) where the limit is a floor, the other one at a ceiling.
    is_floor = verdict.limit is None or (verdict.compared >= verdict.limit) == (verdict.margin >= 0)
    sign = 1.0 if is_floor else -1.0
    ends = sorted(verdict.margin + sign * (end - verdict.compared) for end in (verdict.low, verdict.high))
    return ends[0], ends[1]


def _margin_dot(result: Result) -> PlacedDot:
    verdict = result.verdict
    low, high = margin_span(verdict)
    margin = verdict.margin or 0.0
    return PlacedDot(kind_of(verdict), margin, low, high, judged_model(result), signed(margin, verdict.unit))


def _is_finite(verdict: Verdict) -> bool:
    return verdict.margin is not None and all(math.isfinite(place) for place in (verdict.margin, *margin_span(verdict)))


def _names(results: Sequence[Result]) -> list[str]:
    """Name each result by what tells it from the others: its model, what it measures, or both."""
    models = {judged_model(result) for result in results}
    checks = {(result.suite, result.check_key) for result in results}
    names = [_name(result, by_model=len(models) > 1, by_check=len(checks) > 1) for result in results]
    names = _told_apart(names, results)
    return _without_what_all_share(names) if len(set(names)) > 1 else names


def _told_apart(names: list[str], results: Sequence[Result]) -> list[str]:
    """Give results of one name the id and case of their checks too, and where these are the same their suites."""
    for more in ([result.check_key for result in results], [result.suite for result in results]):
        times = Counter(names)
        names = [
            f"{name} \N{MIDDLE DOT} {each}" if times[name] > 1 else name for name, each in zip(names, more, strict=True)
        ]
    return names


def _without_what_all_share(names: Sequence[str]) -> list[str]:
    """Drop the first words that all names have: the heading above them says it."""
    words = [name.split(" ") for name in names]
    same = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False)))
    return [" ".join(each[min(same, len(each) - 1) :]) for each in words]


def _name(result: Result, *, by_model: bool, by_check: bool) -> str:
    # What is measured begins with the metric, which neighbours mostly share; its data set tells them apart.
    check = measured(result).partition(" on ")[2] or result.check_key
    parts: Iterable[str] = ([judged_model(result)] if by_model else []) + ([check] if by_check else [])
    return " · ".join(parts) or judged_model(result)
