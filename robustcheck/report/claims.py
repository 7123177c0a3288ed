"""The claims about groups of models: what was found of each, held against what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from robustcheck.report.plot_axes import PlotAxis, axis_over
from robustcheck.report.words import case_of
from robustcheck.values import Result, Verdict

FOREST_WIDTH = 150.0
_DRAWN = ("compared", "low", "high", "limit")


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One case of a claim; ``number`` continues that of the heatmap's columns."""

    number: int
    result: Result
    anchor: str

    @property
    def name(self) -> str:
        """Return what tells the row from the others under its heading."""
        return case_of(self.result) or self.result.check_id


@dataclass(frozen=True, slots=True)
class Claim:
    """The rows of one check under its title, with the sentence that it tests and where that stands.

    ``axis`` is the one on which the effects of all rows are drawn below each other.
    """

    title: str
    quote: str
    source: str
    rows: tuple[ClaimRow, ...]
    axis: PlotAxis | None

    def x(self, value: float) -> float:
        """Return a value in pixels on the axis of the claim."""
        return round(self.axis.length * min(1.0, max(0.0, self.axis.share(value))), 1) if self.axis else 0.0

    def is_drawn(self, verdict: Verdict) -> bool:
        """Tell whether a row has all that its drawing needs."""
        return self.axis is not None and len(_ends(verdict)) == len(_DRAWN)


def claims(results: Iterable[Result], first: int, anchors: Mapping[str, str]) -> tuple[Claim, ...]:
    """Arrange the judged claims by check, in the order of the suites; ``first`` is the first row's number."""
    found = _in_order(result for result in results if result.is_about_groups and result.verdict.status != "skip")
    rows = [
        ClaimRow(number, result, anchors.get(result.nodeid, "")) for number, result in enumerate(found, start=first)
    ]
    return tuple(_by_check(rows))


def claim_places(found: Iterable[Claim]) -> dict[tuple[str, str], int]:
    """Return the number of the row of each (suite, check key)."""
    return {(row.result.suite, row.result.check_key): row.number for claim in found for row in claim.rows}


def _in_order(results: Iterable[Result]) -> list[Result]:
    """Order results as the suites do; the cases of a check, which share its lines, stay as they are."""
    listed = list(results)
    suites = list(dict.fromkeys(result.suite for result in listed))
    return sorted(listed, key=lambda result: (suites.index(result.suite), result.position.line))


def _by_check(rows: Iterable[ClaimRow]) -> Iterator[Claim]:
    for _, members in groupby(rows, key=lambda row: (row.result.suite, row.result.check_id)):
        listed = tuple(members)
        result = listed[0].result
        yield Claim(result.title, result.claim, result.source, listed, _axis(listed))


def _axis(rows: Iterable[ClaimRow]) -> PlotAxis | None:
    ends = [end for row in rows for end in _ends(row.result.verdict)]
    return axis_over("linear", ends, FOREST_WIDTH, padding=0.08) if ends else None


def _ends(verdict: Verdict) -> list[float]:
    places = (getattr(verdict, name) for name in _DRAWN)
    return [place for place in places if place is not None and math.isfinite(place)]
