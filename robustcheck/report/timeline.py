"""A check over its runs: what was judged, with its interval, against the limit and the origin of each run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from robustcheck.report.plot_axes import PlotAxis, axis_over
from robustcheck.report.words import Kind, held, kind_of
from robustcheck.values import Past, PastVerdict, Result, RunRecord, Verdict

WIDTH, HEIGHT = 270.0, 84.0
_TICK_SPACINGS = (26.0, 18.0, 12.0)
_EDGE = 8.0


@dataclass(frozen=True, slots=True)
class RunMark:
    """A run on the line in pixels: its value, its interval, its limit and its baseline's origin, and all in words.

    ``limit`` and ``origin`` are None where the run had none.
    """

    kind: Kind
    x: float
    y: float
    low: float
    high: float
    limit: float | None
    origin: float | None
    said: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The runs of a check on one model, the oldest, ``first``, at the left; ``ticks`` are heights with numbers."""

    marks: tuple[RunMark, ...]
    first: str
    ticks: tuple[tuple[float, str], ...]

    @property
    def limit(self) -> list[tuple[float, float]]:
        """The limit at each run that had one, in pixels."""
        return [(mark.x, mark.limit) for mark in self.marks if mark.limit is not None]

    @property
    def way(self) -> str:
        """The line through the values, as the path of an SVG."""
        return _path([(mark.x, mark.y) for mark in self.marks])

    @property
    def origin(self) -> list[tuple[float, float]]:
        """Where the origin of its baseline lies at each run that had one, in pixels."""
        return [(mark.x, mark.origin) for mark in self.marks if mark.origin is not None]

    @property
    def origin_path(self) -> str:
        """The line of the origins, as the path of an SVG."""
        return _path(self.origin)

    @property
    def limit_path(self) -> str:
        """The line of the limits, as the path of an SVG."""
        return _path(self.limit)


def timelines(run: RunRecord) -> dict[str, Timeline]:
    """Draw each check that earlier runs judged, by the node id of its result."""
    pasts = {(past.suite, past.check_key, past.model): past for past in run.past}
    found = ((result, pasts.get((result.suite, result.check_key, result.model.id))) for result in run.results)
    return {result.nodeid: _timeline(past, result) for result, past in found if past and _is_drawn(result)}


def _is_drawn(result: Result) -> bool:
    return result.verdict.compared is not None and math.isfinite(result.verdict.compared)


def _timeline(past: Past, result: Result) -> Timeline:
    now = result.verdict
    assert now.compared is not None, "only what was judged has a place"
    this = PastVerdict("this run", now.status, now.compared, now.low, now.high, now.limit, now.origin)
    shown = [verdict for verdict in (*past.verdicts, this) if math.isfinite(verdict.compared)]
    kinds: list[Kind] = [*(verdict.status for verdict in shown[:-1]), kind_of(now)]
    axis = axis_over("linear", _known_ends(shown), HEIGHT, padding=0.12, unit=now.unit)
    step = (WIDTH - 2 * _EDGE) / max(1, len(shown) - 1)
    marks = (_mark(verdict, kinds[place], _EDGE + place * step, axis, now) for place, verdict in enumerate(shown))
    ticks = tuple((_down(axis, value), held(value, now)) for value in _tick_values(axis))
    return Timeline(tuple(marks), shown[0].run, ticks)


def _tick_values(axis: PlotAxis) -> list[float]:
    """Return round values on the axis: closer ones where it would have a single one, which is no scale."""
    values: list[float] = []
    for spacing in _TICK_SPACINGS:
        values = [value for value, _ in axis.ticks(spacing)]
        if len(values) > 1:
            break
    return values


def _known_ends(verdicts: Sequence[PastVerdict]) -> list[float]:
    ends = (end for one in verdicts for end in (one.compared, one.low, one.high, one.limit, one.origin))
    return [end for end in ends if end is not None and math.isfinite(end)]


def _mark(verdict: PastVerdict, kind: Kind, x: float, axis: PlotAxis, now: Verdict) -> RunMark:
    low, high = (_end(end, verdict.compared) for end in (verdict.low, verdict.high))
    limit, origin = (None if place is None else _down(axis, place) for place in (verdict.limit, verdict.origin))
    against = "" if verdict.limit is None else f", limit {held(verdict.limit, now)}"
    since = "" if verdict.origin is None else f", origin {held(verdict.origin, now)}"
    said = f"{verdict.run}: {held(verdict.compared, now)}{against}{since}, {verdict.status}"
    y, top, bottom = (_down(axis, place) for place in (verdict.compared, high, low))
    return RunMark(kind, round(x, 1), y, bottom, top, limit, origin, said)


def _end(end: float | None, value: float) -> float:
    return value if end is None or not math.isfinite(end) else end


def _down(axis: PlotAxis, value: float) -> float:
    return round((1 - axis.share(value)) * axis.length, 1)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places) if len(places) > 1 else ""
