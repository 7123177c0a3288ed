"""Profiles: one metric on one data set, factor after factor or corruption after corruption."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from robustcheck.report.dotplot import DotPlot, DotRow, PlacedDot, dot_plot
from robustcheck.report.words import kind_of, measured, plain
from robustcheck.values import Quantity, Result

# With fewer values there is nothing to draw: the grid shows them as well.
LEAST_ROWS = 3
# What an option is called in the title of a profile, where its name alone does not say it.
_DIMENSIONS = {"at": "eps"}
# The option that lists the values of another one.
_LISTS = {"at": "eps"}
# So few models are told apart, and their severities joined by a line.
FEW_MODELS = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """A dot plot with a row for each value of a dimension; ``columns`` are the checks that it shows."""

    plot: DotPlot
    dimension: str
    columns: tuple[tuple[str, str], ...]
    models: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a result stands in a profile: which profile, which row, which severity."""

    family: tuple[str, Quantity]
    dimension: str
    value: str
    severity: str = ""


_Member = tuple[_Place, Result]


def profiles(results: Iterable[Result]) -> tuple[Profile, ...]:
    """Draw a profile for each metric and data set that was judged under three values of a dimension or more."""
    families: dict[tuple[tuple[str, Quantity], str], dict[str, list[_Member]]] = {}
    for result in results:
        for place in _places(result):
            rows = families.setdefault((place.family, place.dimension), {})
            rows.setdefault(place.value, []).append((place, result))
    found = (_profile(dimension, rows) for (_, dimension), rows in families.items() if len(rows) >= LEAST_ROWS)
    return tuple(profile for profile in found if profile is not None)


def _places(result: Result) -> Iterator[_Place]:
    score = result.score
    if score is None or result.is_about_groups or not math.isfinite(score.value):
        return
    quantity = score.cell.quantity
    for name, value in quantity.where:
        rest = tuple(pair for pair in quantity.where if pair[0] != name)
        yield _Place((result.suite, replace(quantity, where=rest)), name, value)
    for name, value in quantity.options:
        if _is_number(value) or _is_span(value):
            # The sizes of an attack are the rows: listed in the title, they would stand there twice.
            rest = tuple(pair for pair in quantity.options if pair[0] not in (name, _LISTS.get(name)))
            yield _Place((result.suite, replace(quantity, options=rest)), name, value)
    metric, at, places = quantity.metric.rpartition("@")
    if at and places.isdigit():
        yield _Place((result.suite, replace(quantity, metric=metric)), "number of answers", places)
    if quantity.transform:
        name, _, severity = quantity.transform.partition(":")
        yield _Place((result.suite, replace(quantity, transform=None, seed=0)), "corruption", name, severity)
    dataset, *parts = quantity.dataset.split("/")
    if parts:
        severity = parts[1] if len(parts) > 1 else ""
        yield _Place((result.suite, replace(quantity, dataset=dataset)), "corruption", parts[0], severity)


def _is_number(value: str) -> bool:
    """Tell a setting on a scale, such as an epsilon of 8/255, from a choice."""
    return re.fullmatch(r"\d+(\.\d+)?(/\d+)?", value) is not None


def _is_span(value: str) -> bool:
    """Tell a part of a scale, such as viewpoints of 15-30 degrees."""
    low, dash, high = value.partition("-")
    return bool(dash) and low.isdecimal() and high.isdecimal()


def _profile(dimension: str, rows: dict[str, list[_Member]]) -> Profile | None:
    members = [result for row in rows.values() for _, result in row]
    models = len({result.model.id for result in members})
    label = next(place.family[1] for row in rows.values() for place, _ in row).label
    if all(_is_number(name) or _is_span(name) for name in rows):
        rows = {name: rows[name] for name in sorted(rows, key=lambda name: Fraction(name.partition("-")[0]))}
    drawn = [_row(name, row, models) for name, row in (rows if models == 1 else _by_severity(rows)).items()]
    plot = dot_plot(f"{label} by {_DIMENSIONS.get(dimension, dimension)}", drawn, members[0].verdict.unit)
    columns = tuple(dict.fromkeys((result.suite, result.check_key) for result in members))
    return Profile(plot, dimension, columns, models) if plot else None


def _by_severity(rows: Mapping[str, list[_Member]]) -> dict[str, list[_Member]]:
    """Give each severity a row of its own: the dots of several models would hide its order."""
    apart: dict[str, list[_Member]] = {}
    for name, row in rows.items():
        for place, result in sorted(row, key=lambda member: member[0].severity):
            apart.setdefault(f"{name} {place.severity}".strip(), []).append((place, result))
    return apart


def _row(name: str, members: Sequence[_Member], models: int) -> DotRow:
    """Draw a row: of few models with their intervals, of many the values alone."""
    ordered = sorted(members, key=lambda member: (member[1].model.id, member[0].severity))
    limits = {result.verdict.limit for _, result in ordered if result.verdict.expected is None}
    severities = {place.severity for place, _ in ordered}
    is_joined = models == 1 and len(severities) > 1
    dots = tuple(_dot(place, result, is_joined, with_interval=models <= FEW_MODELS) for place, result in ordered)
    limit = limits.pop() if len(limits) == 1 else None
    full_name = name if models > 1 or is_joined else f"{name} {ordered[0][0].severity}".strip()
    return DotRow(full_name, dots, limit, is_joined)


def _dot(place: _Place, result: Result, is_joined: bool, *, with_interval: bool) -> PlacedDot:
    score = result.score
    assert score is not None, "only scores have a place"
    ends = (score.low, score.high) if with_interval else (score.value, score.value)
    low, high = (end if math.isfinite(end) else score.value for end in ends)
    written = plain(score.value, result.verdict.unit)
    said = f"{result.model.id}, {measured(result)}: {written}"
    return PlacedDot(kind_of(result.verdict), score.value, low, high, said, place.severity if is_joined else written)
