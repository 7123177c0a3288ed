"""Read a tidy table of figures: one row for a model, a data set, a metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from robustcheck.errors import RecordError, SetupError, did_you_mean
from robustcheck.files.csv_files import Row, read_rows
from robustcheck.files.numbers import number_of, whole_number
from robustcheck.registry import named
from robustcheck.values import Pairs

REQUIRED = ("model", "dataset", "metric", "value", "n")
OPTIONAL = ("class_set", "transform", "where", "options", "source", "licence", "date")
Key = tuple[str | Pairs | None, ...]
_SHOWN_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A published or recorded number; an accuracy is a fraction.

    ``where`` is its slice and ``options`` the metric's settings that differ from its defaults, both in sorted pairs.
    """

    model: str
    dataset: str
    metric: str
    value: float
    n: int
    class_set: str = ""
    source: str = ""
    licence: str = ""
    date: str = ""
    transform: str | None = None
    where: Pairs = ()
    options: Pairs = ()

    @property
    def key(self) -> Key:
        """What tells this figure from every other one of its table."""
        return figure_key(
            self.model, self.dataset, self.metric, self.class_set, self.transform, self.where, self.options
        )


def figure_key(
    model: str, dataset: str, metric: str, class_set: str, transform: str | None, where: Pairs, options: Pairs
) -> Key:
    """Return what tells a figure from every other one of its table."""
    # Options came later; without any the key is as it was before.
    key: Key = (model, dataset, metric, class_set, transform, where)
    return (*key, options) if options else key


def telling_options(metric: str, options: Pairs) -> Pairs:
    """Return the settings of a metric that differ from its defaults, canonical and sorted; raise SetupError."""
    if not options:
        return ()
    known = named("metrics").get(metric)
    if known is None:
        return tuple(sorted(options))
    defaults = {option.name: option.default for option in known.options}
    return tuple((name, text) for name, text in known.checked_options(options) if text != defaults[name])


@dataclass(frozen=True, slots=True)
class FigureTable:
    """The figures of a file and the further columns that describe its models."""

    figures: tuple[Figure, ...]
    facets: Mapping[str, Mapping[str, str]]


def read_figures(path: Path, defaults: Mapping[str, str]) -> FigureTable:
    """Read a CSV of figures; raise RecordError with file, line, what was found and what was expected.

    ``defaults`` gives the source, licence and date of rows that do not name their own.
    """
    rows = read_rows(path, RecordError, expected="a CSV file in UTF-8, of plain comma-separated cells")
    _, header = next(rows, (1, []))
    columns = [name.strip() for name in header]
    _check_header(columns, path)
    return _Reading(path, columns, defaults).table(rows)


class _Reading:
    """The reading of one file: its rows so far, and what is wrong with them."""

    def __init__(self, path: Path, columns: list[str], defaults: Mapping[str, str]) -> None:
        self.path = path
        self.columns = columns
        self.defaults = defaults
        self.facet_columns = [name for name in columns if name not in REQUIRED and name not in OPTIONAL]
        self.lines: dict[Key, int] = {}
        self.figures: list[Figure] = []
        self.facets: dict[str, dict[str, str]] = {}
        self.problems: list[RecordError] = []

    def table(self, rows: Iterator[Row]) -> FigureTable:
        try:
            for number, cells in rows:
                self._read_row(number, cells)
        except RecordError as error:
            self.problems.append(error)
        if not self.figures and not self.problems:
            self._report(1, "a header and no figures", "a row for each model, dataset and metric")
        if self.problems:
            raise _joined(self.problems)
        return FigureTable(tuple(self.figures), self.facets)

    def _read_row(self, number: int, cells: list[str]) -> None:
        if not any(cells):
            return
        if len(cells) != len(self.columns):
            self._report(number, f"{len(cells)} cells", f"{len(self.columns)} cells, as in the header")
            return
        row = dict(zip(self.columns, map(str.strip, cells), strict=True))
        problem = _problem(row)
        if problem is not None:
            self._report(number, *problem)
            return
        self._keep(number, row)

    def _keep(self, number: int, row: Mapping[str, str]) -> None:
        figure = self._figure(row)
        first = self.lines.setdefault(figure.key, number)
        if first != number:
            what = f"{figure.metric} on {figure.dataset} of {figure.model}"
            self._report(number, f"a second figure for {what}; the first is in line {first}", "one figure for each")
            return
        self.figures.append(figure)
        facets = self.facets.setdefault(figure.model, {})
        for name in self.facet_columns:
            if row[name] and facets.setdefault(name, row[name]) != row[name]:
                expected = f"{name} {facets[name]!r}, as in an earlier row of {figure.model}"
                self._report(number, f"{name} {row[name]!r}", expected)

    def _figure(self, row: Mapping[str, str]) -> Figure:
        source, licence, date = (row.get(name) or self.defaults.get(name, "") for name in ("source", "licence", "date"))
        return Figure(
            row["model"],
            row["dataset"],
            row["metric"],
            float(row["value"]),
            int(row["n"]),
            row.get("class_set", ""),
            source,
            licence,
            date,
            row.get("transform") or None,
            parse_where(row.get("where", "")),
            telling_options(row["metric"], parse_where(row.get("options", ""))),
        )

    def _report(self, number: int, found: str, expected: str) -> None:
        self.problems.append(RecordError(found, where=f"{self.path}:{number}", expected=expected))


def _check_header(columns: list[str], path: Path) -> None:
    where = f"{path}:1"
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise RecordError(f"the column {repeated[0]!r} twice", where=where, expected="each column once")
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise RecordError(
            f"no column {missing[0]!r} among {', '.join(columns) or 'none'}",
            where=where,
            expected=f"the columns {', '.join(REQUIRED)}; optional {', '.join(OPTIONAL)}; any others are facets",
            fix=did_you_mean(missing[0], [name for name in columns if name not in REQUIRED]),
        )


def _problem(row: Mapping[str, str]) -> tuple[str, str] | None:
    """Say what a row has and what it should have, or None when it is fine."""
    empty = next((name for name in REQUIRED if not row[name]), None)
    if empty is not None:
        return f"no {empty}", f"a {empty} in every row"
    value = number_of(row["value"])
    if value is None or not math.isfinite(value):
        return f"value {row['value']!r}", "a number; leave out rows without a figure"
    if _is_fraction(row["metric"]) and not 0 <= value <= 1:
        return (
            f"{row['metric']} {row['value']}",
            f"a fraction from 0 to 1, such as {min(value / 100, 1):g} for {value:g}%",
        )
    if not (whole_number(row["n"]) or 0) > 0:
        return f"n {row['n']!r}", "the number of samples behind the figure, a whole number above 0"
    return _problem_of_where(row.get("where", "")) or _problem_of_options(row["metric"], row.get("options", ""))


def _problem_of_where(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    if not _are_pairs(text):
        return f"where {text!r}", "conditions such as factor=pose or corruption=fog;severity=3, each name once"
    if "classes" in dict(parse_where(text)):
        return f"where {text!r}", "the classes of another set in the column class_set"
    return None


def _problem_of_options(metric: str, text: str) -> tuple[str, str] | None:
    if not text:
        return None
    if not _are_pairs(text):
        return f"options {text!r}", "settings of the metric such as group=region;k=5, each name once"
    try:
        telling_options(metric, parse_where(text))
    except SetupError as error:
        return error.found, error.expected
    return None


def _are_pairs(text: str) -> bool:
    pairs = [part.partition("=") for part in text.split(";")]
    names = [name.strip() for name, _, _ in pairs]
    return all(name.strip() and value.strip() for name, _, value in pairs) and len({*names}) == len(names)


@lru_cache(maxsize=4096)
def parse_where(text: str) -> Pairs:
    """Parse the cell of a slice, or of options: the same few in thousands of rows.

    >>> parse_where("severity=3;corruption=fog")
    (('corruption', 'fog'), ('severity', '3'))
    """
    conditions = (part.partition("=") for part in text.split(";") if part)
    return tuple(sorted((name.strip(), value.strip()) for name, _, value in conditions))


def _is_fraction(metric: str) -> bool:
    known = named("metrics").get(metric)
    return known is not None and known.bounded


def _joined(problems: list[RecordError]) -> RecordError:
    first, *others = problems
    if not others:
        return first
    lines = [line for problem in problems[:_SHOWN_PROBLEMS] for line in str(problem).split("\n")]
    more = len(problems) - _SHOWN_PROBLEMS
    return RecordError((*lines, *([f"and {more} more"] if more > 0 else [])))
