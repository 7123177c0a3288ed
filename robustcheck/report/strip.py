"""The strip of a card: limit, expected value, value and interval on one line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from robustcheck.report.words import held, is_difference
from robustcheck.values import Verdict

WIDTH = 640.0
_MARGIN = 12.0
# Two labels nearer than this (in pixels) would touch; the second then goes below the line.
_LABEL_ROOM = 110.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on the strip, in pixels."""

    kind: str
    x: float
    text: str
    align: str


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip graphic draws, in pixels; the side from ``bad_from`` to ``bad_to`` breaks the limit, if any."""

    value: Mark
    low: float
    high: float
    marks: tuple[Mark, ...]
    bad_from: float
    bad_to: float


def strip(verdict: Verdict, expected_name: str, *, has_bad_side: bool = True) -> Strip | None:
    """Lay out the strip of a verdict, or return None when there are no numbers to show."""
    if verdict.compared is None or verdict.limit is None or verdict.margin is None:
        return None
    is_floor = (verdict.compared >= verdict.limit) == (verdict.margin >= 0)
    low = verdict.compared if verdict.low is None else verdict.low
    high = verdict.compared if verdict.high is None else verdict.high
    reference = _reference(verdict)
    shown = [low, high, verdict.compared, verdict.limit, *([] if reference is None else [reference])]
    if not all(math.isfinite(place) for place in shown):
        return None
    marks = [_mark("limit", verdict.limit, f"limit {held(verdict.limit, verdict)}", shown)]
    if reference is not None:
        marks.append(_mark("expected", reference, expected_name, shown))
    limit = marks[0].x
    # The margin has the sign of (compared - limit) when the limit is a floor, the other one when a ceiling.
    bad_from, bad_to = ((0.0, limit) if is_floor else (limit, WIDTH)) if has_bad_side else (0.0, 0.0)
    value = _mark("value", verdict.compared, held(verdict.compared, verdict), shown)
    return Strip(value, _pixel(low, shown), _pixel(high, shown), tuple(marks), bad_from, bad_to)


def _reference(verdict: Verdict) -> float | None:
    """Return where the expected value lies on the scale of the limit: at zero, when a difference to it is judged."""
    return 0.0 if is_difference(verdict) else None


def _mark(kind: str, place: float, text: str, shown: list[float]) -> Mark:
    x = _pixel(place, shown)
    align = "start" if x < _LABEL_ROOM / 2 else "end" if x > WIDTH - _LABEL_ROOM / 2 else "middle"
    return Mark(kind, x, text, align)


def _pixel(place: float, shown: list[float]) -> float:
    low, high = min(shown), max(shown)
    padding = 0.12 * (high - low) or 0.01
    share = (place - low + padding) / (high - low + 2 * padding)
    return round(_MARGIN + share * (WIDTH - 2 * _MARGIN), 1)
