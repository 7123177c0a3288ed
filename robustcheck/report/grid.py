"""The grid: every model against every check, as a plain table; checks that judged nobody are left to the skips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from robustcheck.listing import natural
from robustcheck.report.checkpoints import are_one_run
from robustcheck.report.words import (
    Kind,
    case_of,
    is_extrapolated,
    is_to_hold,
    kind_of,
    name_parts,
    signed_short,
)
from robustcheck.values import Result

# Shades change at these distances from the limit (half a point, one, two, five and ten points, or as plain
# numbers 0.005 to 0.1).
SHADES = (0.005, 0.01, 0.02, 0.05, 0.1)
# A table of more columns than this opens with narrow ones, which show a colour and a mark; a script may widen them.
WIDE_COLUMNS = 12
# So few models under many checks are lists of names and numbers: narrow columns have no room for either.
FEW_ROWS = 2
# More columns than this do not fit a screen even when narrow: the suites then have tables of their own.
MOST_COLUMNS = 60


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

    @property
    def label(self) -> str:
        """Return what tells the column from the others of its group: its case, or the check itself."""
        return self.case or self.check_id


@dataclass(frozen=True, slots=True)
class Box:
    """One model under one check: what the table shows of its verdict.

    ``marks`` are letters for what a number rests on: p for published figures, x for an extrapolation.
    """

    kind: Kind
    shade: str
    text: str
    margin: str
    anchor: str
    marks: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A model with its boxes, one for each column or None; ``facets`` are written ``name=value``."""

    model: str
    name: str
    weights: str
    facets: tuple[str, ...]
    boxes: tuple[Box | None, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Columns under one heading: the cases of a check, or the checks of a suite that have no cases."""

    title: str
    suite: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One table: columns in groups, rows ordered by what needs attention first."""

    suites: tuple[str, ...]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    rows: tuple[Row, ...]

    @property
    def is_wide(self) -> bool:
        """Tell whether all columns have room for their numbers."""
        return len(self.columns) <= WIDE_COLUMNS

    @property
    def is_listed(self) -> bool:
        """Tell whether the models are so few that each is better read as a list of its checks."""
        return not self.is_wide and len(self.rows) <= FEW_ROWS

    @property
    def has_titles(self) -> bool:
        """Tell whether any group is the cases of one check."""
        return any(group.title for group in self.groups)

    def by_suite(self) -> list[tuple[str, int]]:
        """List the suites with the numbers of their columns, in the order of the columns."""
        runs = groupby(self.columns, key=lambda column: column.suite)
        return [(suite, len(list(columns))) for suite, columns in runs]


@dataclass(frozen=True, slots=True)
class Grid:
    """Every model against every check; suites without a model in common have tables of their own."""

    blocks: tuple[Block, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns of all tables in the order of their numbers."""
        return tuple(chain.from_iterable(block.columns for block in self.blocks))

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows of all tables."""
        return tuple(chain.from_iterable(block.rows for block in self.blocks))

    @property
    def boxes(self) -> Iterator[Box]:
        """Yield all boxes."""
        return (box for row in self.rows for box in row.boxes if box is not None)

    @property
    def is_listed(self) -> bool:
        """Tell whether every table is a list."""
        return all(block.is_listed for block in self.blocks)

    @property
    def is_mixed(self) -> bool:
        """Tell whether some margins are points and others plain numbers."""
        return len({column.unit for column in self.columns}) > 1

    @property
    def is_mixed_evidence(self) -> bool:
        """Tell whether some numbers are measured here and others published."""
        return len({"p" in box.marks for box in self.boxes if box.margin}) > 1

    @property
    def has_extrapolations(self) -> bool:
        """Tell whether any number lies beyond what its population covers."""
        return any("x" in box.marks for box in self.boxes)

    @property
    def facets(self) -> list[str]:
        """List the facets by which the rows can be grouped: those of two to twelve values."""
        values: dict[str, set[str]] = {}
        for row in self.rows:
            for facet in row.facets:
                name, _, value = facet.partition("=")
                values.setdefault(name, set()).add(value)
        return sorted(name for name, found in values.items() if 2 <= len(found) <= 12)


def grid(results: Iterable[Result], anchors: dict[str, str]) -> Grid:
    """Arrange the results of single models; ``anchors`` tells which node ids have a card to link to."""
    found = _with_a_verdict([result for result in results if not result.is_about_groups])
    blocks: list[Block] = []
    for suites in _together(found):
        first = sum(len(block.columns) for block in blocks)
        members = [result for result in found if result.suite in suites]
        blocks.append(_block(suites, members, first, anchors))
    return Grid(tuple(blocks))


def column_places(table: Grid) -> dict[tuple[str, str], int]:
    """Return the number of the column of each (suite, check key)."""
    return {(column.suite, column.key): column.number for column in table.columns}


def shade(margin: float) -> str:
    """Name the shade of a margin: ``n5`` far below the limit to ``p5`` far above it, ``z`` near it."""
    level = sum(abs(margin) >= edge for edge in SHADES)
    return f"{'n' if margin < 0 else 'p'}{level}" if level else "z"


def _with_a_verdict(results: list[Result]) -> list[Result]:
    """Leave out the checks that were skipped for all models, and then the models that nothing is left of."""
    judged = {(result.suite, result.check_key) for result in results if result.verdict.status != "skip"}
    tried = [result for result in results if (result.suite, result.check_key) in judged]
    models = {result.model.id for result in tried if result.verdict.status != "skip"}
    return [result for result in tried if result.model.id in models]


def _together(results: list[Result]) -> list[list[str]]:
    """Group the suites that judge any model in common, as many as fit a table."""
    judged: dict[str, set[str]] = {}
    for result in results:
        judged.setdefault(result.suite, set()).add(result.model.id)
    blocks: list[list[str]] = []
    for suite, models in judged.items():
        touching = [block for block in blocks if any(judged[other] & models for other in block)]
        apart = [block for block in blocks if block not in touching]
        blocks = [*apart, [*chain.from_iterable(touching), suite]]
    ordered = sorted(blocks, key=lambda block: list(judged).index(block[0]))
    sizes = {suite: len({result.check_key for result in results if result.suite == suite}) for suite in judged}
    return [part for block in ordered for part in _fitting(block, sizes)]


def _fitting(suites: list[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    """Cut a list of suites where their columns would not fit one table."""
    part: list[str] = []
    for suite in suites:
        if part and sum(sizes[one] for one in [*part, suite]) > MOST_COLUMNS:
            yield part
            part = []
        part = [*part, suite]
    yield part


def _block(suites: list[str], results: list[Result], first: int, anchors: dict[str, str]) -> Block:
    columns = _columns(results, first)
    places = {(column.suite, column.key): index for index, column in enumerate(columns)}
    models: dict[str, list[Result]] = {}
    for result in results:
        models.setdefault(result.model.id, []).append(result)
    order = _by_name if are_one_run(models) else _attention
    rows = [_row(of_model, places, anchors) for of_model in sorted(models.values(), key=order)]
    return Block(tuple(suites), tuple(columns), tuple(_groups(columns)), tuple(rows))


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


def _groups(columns: Sequence[Column]) -> Iterator[Group]:
    """Group the cases of a check under it; neighbours without cases share a heading without a name."""
    runs = groupby(columns, key=lambda column: (column.suite, column.check_id if column.case else ""))
    for (suite, check_id), members in runs:
        yield Group(check_id, suite, tuple(members))


def _attention(results: list[Result]) -> tuple[int, float, object]:
    """Order models: most failures and errors first, then the smallest margin, then by name."""
    bad = sum(result.verdict.status in ("fail", "error") for result in results)
    margins = [result.verdict.margin for result in results if result.verdict.margin is not None]
    return -bad, min(margins, default=0.0), natural(results[0].model.id)


def _by_name(results: list[Result]) -> tuple[object]:
    """Order the checkpoints of one training run as they came."""
    return (natural(results[0].model.id),)


def _row(results: list[Result], places: dict[tuple[str, str], int], anchors: dict[str, str]) -> Row:
    boxes: list[Box | None] = [None] * len(places)
    for result in results:
        place = places[result.suite, result.check_key]
        boxes[place] = _box(result, anchors.get(result.nodeid, ""))
    model = results[0].model
    name, weights = name_parts(model.id)
    facets = tuple(f"{name}={value}" for name, value in model.facets)
    return Row(model.id, name, weights, facets, tuple(boxes))


def _box(result: Result, anchor: str) -> Box:
    verdict, kind = result.verdict, kind_of(result.verdict)
    if verdict.margin is None:
        return Box(kind, "", "", "", anchor)
    colour = shade(verdict.margin) if is_to_hold(result) else "z"
    marks = "p" * bool(result.score and result.score.evidence == "published") + "x" * is_extrapolated(verdict)
    return Box(kind, colour, signed_short(verdict.margin, verdict.unit), f"{verdict.margin:.4g}", anchor, marks)
