"""The page as values: what each section of the report shows, taken from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from robustcheck.listing import counted
from robustcheck.report.answer import Answer, answer
from robustcheck.report.causes import Cause, causes
from robustcheck.report.charts import chart_axes, chart_data, chart_templates, form_of
from robustcheck.report.claims import Claim, claim_places, claims
from robustcheck.report.curves import LaidOut, drawings, with_siblings
from robustcheck.report.grid import Grid, column_places, grid
from robustcheck.report.missing import Skipped, skipped
from robustcheck.report.plot import TrendPlot, group_colours, own_colours, trend_plot
from robustcheck.report.profiles import Profile, profiles
from robustcheck.report.reasons import Candidate, Reason, candidates, reasons
from robustcheck.report.strip import Strip, strip
from robustcheck.report.timeline import Timeline, timelines
from robustcheck.report.words import Kind, is_to_hold, kind_of
from robustcheck.values import Change, Result, RunRecord, Status, TrendFigure

FULL_CARDS = 50
# So few cards are all unfolded; more are lines that unfold.
FEW_CARDS = 4
MOST_LISTED = 500
# Pictures of what passed are for looking around: more than these nobody looks at.
MOST_PASSED = 24
# So many plots are shown at once, those first on which most went wrong; the others fold out.
FIRST_PLOTS = 6
_CARD_ORDER: tuple[Kind, ...] = ("fail", "error", "unsure", "warn", "known")
_VERDICTS: tuple[Status, ...] = ("fail", "error", "unsure", "warn", "pass")


@dataclass(frozen=True, slots=True)
class Card:
    """A result that did not plainly pass."""

    anchor: str
    result: Result
    column: int
    strip: Strip | None
    drawings: LaidOut
    timeline: Timeline | None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """All sections of the report."""

    run: RunRecord
    title: str
    answer: Answer
    candidates: tuple[Candidate, ...]
    reasons: tuple[Reason, ...]
    changed: dict[str, list[Change]]
    skipped: tuple[Skipped, ...]
    scope: str
    plots: tuple[TrendPlot, ...]
    profiles: tuple[Profile, ...]
    table: Grid
    claims: tuple[Claim, ...]
    places: dict[tuple[str, str], int]
    cards: tuple[Card, ...]
    rest: tuple[Card, ...]
    known: tuple[Card, ...]
    unlisted: int
    tags: tuple[str, ...]
    passed: tuple[tuple[Result, int, LaidOut], ...]

    @property
    def verdicts(self) -> list[tuple[Status, int]]:
        """List the statuses of what was judged or broke, with their numbers: skips stand apart."""
        counts = self.run.counts()
        return [(status, counts[status]) for status in _VERDICTS]

    @property
    def trend_plots(self) -> list[tuple[int, TrendPlot]]:
        """List the plots that show single models against a trend, what went wrong first, with their numbers."""
        drawn = [(index, plot) for index, plot in enumerate(self.plots) if not plot.figure.line_of]
        return sorted(drawn, key=lambda one: -_trouble(one[1]))

    @property
    def claim_plots(self) -> list[tuple[int, TrendPlot]]:
        """List the plots that compare groups, with their numbers on the page."""
        return [(index, plot) for index, plot in enumerate(self.plots) if plot.figure.line_of]

    def suite_titles(self, paths: Iterable[str]) -> str:
        """Name the suites of a table."""
        return ", ".join(self.suite_title(path) for path in paths)

    def suite_title(self, path: str) -> str:
        """Return the title of a suite, or its path where it has none."""
        titles = {suite.path: suite.title for suite in self.run.suites}
        return titles.get(path) or path

    def sources(self) -> list[tuple[str, str, str]]:
        """List the populations of the plots with source and licence, each once."""
        return sorted({(plot.figure.population, plot.figure.source, plot.figure.licence) for plot in self.plots})


def page(run: RunRecord, found: Sequence[Cause] | None = None) -> Page:
    """Arrange a run for the report; ``found`` are its causes, where they are known already."""
    places = _number_checks(run.results)
    listed = list(_cards(run, places))
    cards = [card for card in listed if not card.result.verdict.excused]
    missing = skipped(run.results)
    anchors = {card.result.nodeid: card.anchor for card in listed} | _skip_anchors(missing)
    table = grid(run.results, anchors)
    colours = group_colours(figure for figure in run.trends if not figure.line_of)
    head = answer(run)
    return Page(
        run=run,
        title=run.suites[0].title if len(run.suites) == 1 else counted(len(run.suites), "suite"),
        answer=head,
        candidates=candidates(run, head),
        reasons=tuple(reasons(run, causes(run.results) if found is None else found, colours, anchors)),
        changed=_changed(run.changes),
        skipped=missing,
        scope=scope(run),
        plots=tuple(_plots(run, colours)),
        profiles=profiles(run.results),
        table=table,
        claims=claims(run.results, len(table.columns), anchors),
        places=places,
        cards=tuple(_unfolded(cards[:FULL_CARDS])),
        rest=tuple(cards[FULL_CARDS:MOST_LISTED]),
        known=tuple(card for card in listed if card.result.verdict.excused),
        unlisted=max(0, len(cards) - MOST_LISTED),
        tags=tuple(sorted({tag for result in run.results for tag in result.tags})),
        passed=tuple(_passed(run, places)),
    )


def scope(run: RunRecord) -> str:
    """Say how much was tried, and on what evidence: ``12 models × 21 checks · 53 claims · live evidence``."""
    single = [result for result in run.results if not result.is_about_groups]
    models = len({result.model.id for result in single})
    checks = len({(result.suite, result.check_key) for result in single})
    about_groups = len(run.results) - len(single)
    parts = [f"{counted(models, 'model')} \N{MULTIPLICATION SIGN} {counted(checks, 'check')}"] * bool(
        models or not about_groups
    )
    parts += [counted(about_groups, "claim")] * bool(about_groups)
    kinds = sorted({result.score.evidence for result in run.results if result.score})
    return " · ".join([*parts, *[f"{' and '.join(kinds)} evidence"] * bool(kinds)])


def chart_page(plots: Iterable[TrendPlot]) -> dict[str, Any]:
    """Return what the page's script needs to draw the plots: templates, columns and model names."""
    drawn = list(plots)
    names: dict[str, int] = {}
    forms = dict.fromkeys(map(form_of, drawn))
    charts = [{"form": form_of(plot).name, "axes": chart_axes(plot), "data": chart_data(plot, names)} for plot in drawn]
    return {"templates": chart_templates(forms), "charts": charts, "names": list(names)}


def _number_checks(results: Iterable[Result]) -> dict[tuple[str, str], int]:
    """Number the checks: the columns of the grid, then the rows of the claims."""
    listed = list(results)
    columns = column_places(grid(listed, {}))
    return columns | claim_places(claims(listed, len(columns), {}))


def _skip_anchors(found: Iterable[Skipped]) -> dict[str, str]:
    return {result.nodeid: f"skip{index}" for index, one in enumerate(found) for result in one.results}


def _unfolded(cards: list[Card]) -> Iterator[Card]:
    return (replace(card, is_open=len(cards) <= FEW_CARDS) for card in cards)


def _changed(changes: Iterable[Change]) -> dict[str, list[Change]]:
    kinds = ("newly failing", "fixed", "otherwise changed", "moved", "asked otherwise")
    groups: dict[str, list[Change]] = {kind: [] for kind in kinds}
    for change in changes:
        groups[_kind(change)].append(change)
    return groups


def _kind(change: Change) -> str:
    red = ("fail", "error")
    if change.after == change.before:
        return "moved" if change.beyond_noise or not change.asked else "asked otherwise"
    if change.after in red and change.before not in red:
        return "newly failing"
    return "fixed" if change.before in red and change.after in ("pass", "warn") else "otherwise changed"


def _plots(run: RunRecord, colours: dict[str, str]) -> Iterator[TrendPlot]:
    by_check: dict[tuple[str, str], list[Result]] = {}
    for result in run.results:
        by_check.setdefault((result.suite, result.check_key), []).append(result)
    for figure in run.trends:
        results = by_check.get((figure.suite, figure.check_key), [])
        yield trend_plot(figure, results, own_colours(figure) if figure.line_of else colours)


def _trouble(plot: TrendPlot) -> float:
    """Weigh what did not pass on a plot: a fail more than an unsure verdict."""
    counts = dict(plot.kinds)
    return counts.get("fail", 0) + counts.get("error", 0) + (counts.get("unsure", 0) + counts.get("warn", 0)) / 1000


def _cards(run: RunRecord, places: dict[tuple[str, str], int]) -> Iterator[Card]:
    trends = {(figure.suite, figure.check_key): figure for figure in run.trends}
    found = [result for result in run.results if kind_of(result.verdict) in _CARD_ORDER]
    pictures, lines = with_siblings(run.results), timelines(run)
    for number, result in enumerate(sorted(found, key=_urgency)):
        yield Card(
            f"r{number}",
            result,
            places[result.suite, result.check_key],
            strip(result.verdict, _expected_name(result, trends), has_bad_side=is_to_hold(result)),
            drawings=drawings(result, pictures.get(result.nodeid)),
            timeline=lines.get(result.nodeid),
        )


def _passed(run: RunRecord, places: dict[tuple[str, str], int]) -> Iterator[tuple[Result, int, LaidOut]]:
    """Yield the first results that passed and carry pictures, with their column."""
    pictures = with_siblings(run.results)
    found = [result for result in run.results if kind_of(result.verdict) == "pass" and result.drawn.pictures]
    for result in found[:MOST_PASSED]:
        yield result, places[result.suite, result.check_key], drawings(result, pictures[result.nodeid])


def _urgency(result: Result) -> tuple[int, float]:
    margin = result.verdict.margin
    return _CARD_ORDER.index(kind_of(result.verdict)), margin if margin is not None else 0.0


def _expected_name(result: Result, trends: dict[tuple[str, str], TrendFigure]) -> str:
    if result.is_about_groups:
        return "no effect"
    return "trend" if (result.suite, result.check_key) in trends else "expected"
