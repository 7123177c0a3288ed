"""The margin heatmap: every model against every check, as a plain table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, groupby

from robustcheck.report.words import KINDS, case_of, is_to_hold, kind_of, signed_short
from robustcheck.values import Result

# Shades change at these distances from the limit (half a point, one, two, five and ten points, or as plain
# numbers 0.005 to 0.1).
SHADES = (0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Column:
    """A check with its case, numbered over all tables of the page; ``unit`` is that of its margins."""

    number: int
    suite: str
    key: str
    check_id: str
    case: str
    title: str
    tags: str
    sentence: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One model under one check: what the table shows of its verdict."""

    kind: str
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
class Group:
    """The columns of one check."""

    check_id: str
    title: str
    columns: tuple[Column, ...]

    @property
    def has_cases(self) -> bool:
        """Tell whether the columns need headings of their own."""
        return any(column.case for column in self.columns)


@dataclass(frozen=True, slots=True)
class Block:
    """One table: columns grouped by check, rows ordered by what needs attention first."""

    suites: tuple[str, ...]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Every model against every check; suites without a model in common have tables of their own."""

    blocks: tuple[Block, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns of all tables in the order of their numbers."""
        return tuple(chain.from_iterable(block.columns for block in self.blocks))

    @property
    def is_mixed(self) -> bool:
        """Tell whether some margins are points and others plain numbers."""
        return len({column.unit for column in self.columns}) > 1

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows of all tables."""
        return tuple(chain.from_iterable(block.rows for block in self.blocks))


def heatmap(results: Iterable[Result], anchors: dict[str, str]) -> Heatmap:
    """Arrange the results of single models; ``anchors`` tells which node ids have a card to link to."""
    found = [result for result in results if not result.is_about_groups]
    blocks: list[Block] = []
    for suites in _together(found):
        first = sum(len(block.columns) for block in blocks)
        members = [result for result in found if result.suite in suites]
        blocks.append(_block(suites, members, first, anchors))
    return Heatmap(tuple(blocks))


def _together(results: list[Result]) -> list[list[str]]:
    """Group the suites that judge any model in common."""
    judged: dict[str, set[str]] = {}
    for result in results:
        judged.setdefault(result.suite, set()).add(result.model.id)
    blocks: list[list[str]] = []
    for suite, models in judged.items():
        touching = [block for block in blocks if any(judged[other] & models for other in block)]
        apart = [block for block in blocks if block not in touching]
        blocks = [*apart, [*chain.from_iterable(touching), suite]]
    return sorted(blocks, key=lambda block: list(judged).index(block[0]))


def _block(suites: list[str], results: list[Result], first: int, anchors: dict[str, str]) -> Block:
    columns = _columns(results, first)
    places = {(column.suite, column.key): index for index, column in enumerate(columns)}
    models: dict[str, list[Result]] = {}
    for result in results:
        models.setdefault(result.model.id, []).append(result)
    rows = [_row(of_model, places, anchors) for of_model in sorted(models.values(), key=_attention)]
    return Block(tuple(suites), tuple(columns), tuple(_groups(columns)), tuple(rows))


def column_places(table: Heatmap) -> dict[tuple[str, str], int]:
    """Return the number of the column of each (suite, check key)."""
    return {(column.suite, column.key): column.number for column in table.columns}


def _columns(results: list[Result], first_number: int) -> list[Column]:
    first: dict[tuple[str, str], Result] = {}
    for result in results:
        first.setdefault((result.suite, result.check_key), result)
    suites = list(dict.fromkeys(result.suite for result in results))
    # As the suites list them, not as they ran; the cases of a check share its lines.
    ordered = sorted(first.values(), key=lambda result: (suites.index(result.suite), result.position.line))
    bare = {(r.suite, r.check_key) for r in results if r.verdict.margin is not None and not r.verdict.unit}
    return [
        _column(number, result, "" if (result.suite, result.check_key) in bare else "pp")
        for number, result in enumerate(ordered, first_number)
    ]


def _column(number: int, result: Result, unit: str) -> Column:
    key, title, tags = result.check_key, result.title, " ".join(result.tags)
    return Column(number, result.suite, key, result.check_id, case_of(result), title, tags, result.sentence, unit)


def _groups(columns: list[Column]) -> Iterable[Group]:
    for (_, check_id), members in groupby(columns, key=lambda column: (column.suite, column.check_id)):
        listed = tuple(members)
        yield Group(check_id, listed[0].title, listed)


def _attention(results: list[Result]) -> tuple[int, float]:
    """Order models: most failures and errors first, then the smallest margin."""
    bad = sum(result.verdict.status in ("fail", "error") for result in results)
    margins = [result.verdict.margin for result in results if result.verdict.margin is not None]
    return -bad, min(margins, default=0.0)


def _row(results: list[Result], places: dict[tuple[str, str], int], anchors: dict[str, str]) -> Row:
    boxes: list[Box | None] = [None] * len(places)
    for result in results:
        place = places[result.suite, result.check_key]
        boxes[place] = _box(result, anchors.get(result.nodeid, ""))
    model = results[0].model
    name, _, weights = model.id.partition("/")
    return Row(model.id, name, weights, " ".join(value for _, value in model.facets), tuple(boxes))


def _box(result: Result, anchor: str) -> Box:
    verdict, kind = result.verdict, kind_of(result.verdict)
    glyph = "" if kind == "pass" else KINDS[kind].glyph
    if verdict.margin is None:
        return Box(kind, "", glyph, "", anchor)
    text = f"{glyph} {signed_short(verdict.margin, verdict.unit)}".strip()
    colour = shade(verdict.margin) if is_to_hold(result) else "z"
    return Box(kind, colour, text, f"{verdict.margin:.4g}", anchor)


def shade(margin: float) -> str:
    """Name the shade of a margin: ``n5`` far below the limit to ``p5`` far above it, ``z`` near it."""
    level = sum(abs(margin) >= edge for edge in SHADES)
    return f"{'n' if margin < 0 else 'p'}{level}" if level else "z"
