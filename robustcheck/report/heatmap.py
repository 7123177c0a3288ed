"""The margin heatmap: every model against every check, as a plain table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from robustcheck.records import Result
from robustcheck.report.words import WORDS, signed_short

# Shades change at these distances from the limit (half a point, one, two, five and ten points).
SHADES = (0.005, 0.01, 0.02, 0.05, 0.1)
_RANK = {status: rank for rank, status in enumerate(WORDS)}


@dataclass(frozen=True, slots=True)
class Column:
    """A check with its case; ``label`` is the case, under the check's id."""

    suite: str
    key: str
    check_id: str
    label: str
    title: str
    tags: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Box:
    """One model under one check: what the table shows of its verdict."""

    column: int
    status: str
    shade: str
    text: str
    margin: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Row:
    """A model with its boxes, one for each column or None."""

    model: str
    name: str
    weights: str
    facets: str
    boxes: tuple[Box | None, ...]


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Columns grouped by check and rows ordered by what needs attention first."""

    columns: tuple[Column, ...]
    groups: tuple[tuple[str, str, int], ...]
    rows: tuple[Row, ...]


def heatmap(results: Iterable[Result], anchors: dict[str, str]) -> Heatmap:
    """Arrange the results; ``anchors`` tells which node ids have a card to link to."""
    found = list(results)
    columns = _columns(found)
    places = {(column.suite, column.key): index for index, column in enumerate(columns)}
    models: dict[str, list[Result]] = {}
    for result in found:
        models.setdefault(result.model.id, []).append(result)
    rows = [_row(of_model, places, anchors) for of_model in sorted(models.values(), key=_attention)]
    return Heatmap(tuple(columns), tuple(_groups(columns)), tuple(rows))


def column_places(table: Heatmap) -> dict[tuple[str, str], int]:
    """Return the number of the column of each (suite, check key)."""
    return {(column.suite, column.key): index for index, column in enumerate(table.columns)}


def _columns(results: list[Result]) -> list[Column]:
    first = {(result.suite, result.check_key): result for result in reversed(results)}
    ordered = sorted(first.values(), key=lambda result: results.index(result))
    # A check's cases stand together even when another check was planned between them.
    order = {(result.suite, result.check_id): place for place, result in reversed(list(enumerate(ordered)))}
    ordered.sort(key=lambda result: order[result.suite, result.check_id])
    return [_column(result) for result in ordered]


def _column(result: Result) -> Column:
    label = result.check_key.removeprefix(result.check_id).strip("[]") or result.check_id
    tags = " ".join(result.tags)
    return Column(result.suite, result.check_key, result.check_id, label, result.title, tags, result.sentence)


def _groups(columns: list[Column]) -> Iterable[tuple[str, str, int]]:
    for (_, check_id), members in groupby(columns, key=lambda column: (column.suite, column.check_id)):
        listed = list(members)
        yield check_id, listed[0].title, len(listed)


def _attention(results: list[Result]) -> tuple[int, float]:
    """Order models: most failures and errors first, then the smallest margin."""
    bad = sum(result.verdict.status in ("fail", "error") for result in results)
    margins = [result.verdict.margin for result in results if result.verdict.margin is not None]
    return -bad, min(margins, default=0.0)


def _row(results: list[Result], places: dict[tuple[str, str], int], anchors: dict[str, str]) -> Row:
    boxes: list[Box | None] = [None] * len(places)
    for result in results:
        place = places[result.suite, result.check_key]
        boxes[place] = _box(result, place, anchors.get(result.nodeid, ""))
    model = results[0].model
    name, _, weights = model.id.partition("/")
    return Row(model.id, name, weights, " ".join(value for _, value in model.facets), tuple(boxes))


def _box(result: Result, column: int, anchor: str) -> Box:
    verdict = result.verdict
    glyph = "" if verdict.status == "pass" else WORDS[verdict.status].glyph
    if verdict.margin is None:
        return Box(column, verdict.status, "", glyph, "", anchor)
    number = signed_short(verdict.margin, verdict.unit)
    return Box(
        column, verdict.status, shade(verdict.margin), f"{glyph} {number}".strip(), f"{verdict.margin:.4g}", anchor
    )


def shade(margin: float) -> str:
    """Name the shade of a margin: ``n5`` far below the limit to ``p5`` far above it, ``z`` near it."""
    level = sum(abs(margin) >= edge for edge in SHADES)
    return f"{'n' if margin < 0 else 'p'}{level}" if level else "z"
