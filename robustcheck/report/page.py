"""The page as values: what each section of the report shows, taken from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from robustcheck.report.charts import chart_axes, chart_data, chart_template, form_of
from robustcheck.report.claims import Claim, claim_places, claims
from robustcheck.report.heatmap import Heatmap, column_places, heatmap
from robustcheck.report.plot import TrendPlot, group_colours, own_colours, trend_plot
from robustcheck.report.strip import Strip, strip
from robustcheck.report.words import WORDS, Kind, counted, is_to_hold, kind_of
from robustcheck.values import Change, Result, RunRecord, TrendFigure

FULL_CARDS = 50
# So few cards are all unfolded; of more, only those of what failed.
FEW_CARDS = 4
MOST_LISTED = 500
_CARD_ORDER: tuple[Kind, ...] = ("fail", "error", "unsure", "warn", "skip", "known")


@dataclass(frozen=True, slots=True)
class Headline:
    """The one sentence above everything; ``tone`` colours it."""

    tone: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Card:
    """A result that did not plainly pass; ``also`` lists models with the same fate for the same reason."""

    anchor: str
    result: Result
    column: int
    strip: Strip | None
    rerun: str
    also: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """All sections of the report."""

    run: RunRecord
    title: str
    headline: Headline
    changed: dict[str, list[Change]]
    scope: str
    plots: tuple[TrendPlot, ...]
    table: Heatmap
    claims: tuple[Claim, ...]
    places: dict[tuple[str, str], int]
    cards: tuple[Card, ...]
    rest: tuple[Card, ...]
    known: tuple[Card, ...]
    unlisted: int
    tags: tuple[str, ...]

    @property
    def trend_plots(self) -> list[tuple[int, TrendPlot]]:
        """List the plots that show single models against a trend, with their numbers on the page."""
        return [(index, plot) for index, plot in enumerate(self.plots) if not plot.figure.line_of]

    @property
    def claim_plots(self) -> list[tuple[int, TrendPlot]]:
        """List the plots that compare groups, with their numbers on the page."""
        return [(index, plot) for index, plot in enumerate(self.plots) if plot.figure.line_of]

    def by_column(self) -> list[tuple[int, list[Result]]]:
        """Group all results by the column of their check."""
        groups: dict[int, list[Result]] = {}
        for result in self.run.results:
            groups.setdefault(self.places[result.suite, result.check_key], []).append(result)
        return sorted(groups.items())

    def suite_titles(self, paths: Iterable[str]) -> str:
        """Name the suites of a table."""
        titles = {suite.path: suite.title for suite in self.run.suites}
        return ", ".join(titles.get(path) or path for path in paths)

    def sources(self) -> list[tuple[str, str, str]]:
        """List the populations of the plots with source and licence, each once."""
        return sorted({(plot.figure.population, plot.figure.source, plot.figure.licence) for plot in self.plots})


def page(run: RunRecord) -> Page:
    """Arrange a run for the report."""
    places = _places(run.results)
    listed = list(_cards(run, places))
    cards = [card for card in listed if not card.result.verdict.excused]
    anchors = {card.result.nodeid: card.anchor for card in listed}
    table = heatmap(run.results, anchors)
    found = claims(run.results, len(table.columns), anchors)
    return Page(
        run=run,
        title=run.suites[0].title if len(run.suites) == 1 else "Robustness report",
        headline=headline(run),
        changed=_changed(run.changes),
        scope=scope(run, len(table.columns)),
        plots=tuple(_plots(run)),
        table=table,
        claims=found,
        places=places,
        cards=tuple(_unfolded(cards[:FULL_CARDS])),
        rest=tuple(cards[FULL_CARDS:MOST_LISTED]),
        known=tuple(card for card in listed if card.result.verdict.excused),
        unlisted=max(0, len(cards) - MOST_LISTED),
        tags=tuple(sorted({tag for result in run.results for tag in result.tags})),
    )


def _places(results: Iterable[Result]) -> dict[tuple[str, str], int]:
    """Number the checks: the columns of the heatmap, then the rows of the claims."""
    listed = list(results)
    columns = column_places(heatmap(listed, {}))
    return columns | claim_places(claims(listed, len(columns), {}))


def _unfolded(cards: list[Card]) -> Iterator[Card]:
    for card in cards:
        yield replace(card, is_open=len(cards) <= FEW_CARDS or card.result.verdict.status in ("fail", "error"))


def scope(run: RunRecord, checks: int) -> str:
    """Say how much was judged, and on what evidence: ``12 models × 21 checks · 53 claims · live evidence``."""
    models = {result.model.id for result in run.results if not result.is_about_groups}
    about_groups = sum(result.is_about_groups for result in run.results)
    parts = [f"{counted(len(models), 'model')} \N{MULTIPLICATION SIGN} {counted(checks, 'check')}"] * bool(
        models or not about_groups
    )
    parts += [counted(about_groups, "claim")] * bool(about_groups)
    kinds = sorted({result.score.evidence for result in run.results if result.score})
    return " · ".join([*parts, *[f"{' and '.join(kinds)} evidence"] * bool(kinds)])


def headline(run: RunRecord) -> Headline:
    """Say how the run ended; a run that judged nothing is never good news."""
    counts = run.counts()
    judged = sum(counts[status] for status in ("pass", "warn", "fail", "unsure"))
    total = counted(len(run.results), "result")
    if counts["fail"] or counts["error"]:
        parts = [f"{counts['fail']:,} failed"] * bool(counts["fail"])
        parts += [counted(counts["error"], "error")] * bool(counts["error"])
        return Headline("fail", f"{' and '.join(parts)}", f"of {total}")
    if not judged:
        return Headline(
            "none", "Nothing was judged", "No check came to a verdict, so this run says nothing about any model."
        )
    if run.strict and (counts["unsure"] or counts["skip"]):
        return Headline(
            "fail", "Not green under --robust-strict", "Unsure and skipped results count as failures in this run."
        )
    if run.not_run:
        return Headline("warn", "The run is incomplete", f"{counted(len(run.not_run), 'check')} planned but not run.")
    known = known_deviations(run)
    if counts["unsure"] or counts["warn"] or counts["skip"] or known:
        return Headline("pass", "No failures", _leftover(counts, known))
    return Headline("pass", "Everything passed", total)


def known_deviations(run: RunRecord) -> int:
    """Count the passes that are fails by their numbers."""
    return sum(result.verdict.excused for result in run.results)


def _leftover(counts: Any, known: int) -> str:
    named = [f"{counts[status]:,} {WORDS[status].label}" for status in ("unsure", "warn", "skip") if counts[status]]
    passed = f"{counts['pass']:,} passed" + (f", {known:,} of them by a known deviation" if known else "")
    return "; ".join([", ".join(named)] * bool(named) + [passed])


def _changed(changes: Iterable[Change]) -> dict[str, list[Change]]:
    groups: dict[str, list[Change]] = {"newly failing": [], "fixed": [], "otherwise changed": [], "moved": []}
    for change in changes:
        groups[_kind(change)].append(change)
    return groups


def _kind(change: Change) -> str:
    red = ("fail", "error")
    if change.after == change.before:
        return "moved"
    if change.after in red and change.before not in red:
        return "newly failing"
    return "fixed" if change.before in red and change.after in ("pass", "warn") else "otherwise changed"


def _plots(run: RunRecord) -> Iterator[TrendPlot]:
    shared = group_colours(figure for figure in run.trends if not figure.line_of)
    for figure in run.trends:
        results = [result for result in run.results if _is_of(result, figure)]
        yield trend_plot(figure, results, own_colours(figure) if figure.line_of else shared)


def _is_of(result: Result, figure: TrendFigure) -> bool:
    return (result.suite, result.check_key) == (figure.suite, figure.check_key)


def _cards(run: RunRecord, places: dict[tuple[str, str], int]) -> Iterator[Card]:
    trends = {(figure.suite, figure.check_key): figure for figure in run.trends}
    groups = _alike(result for result in run.results if kind_of(result.verdict) != "pass")
    for number, (result, *others) in enumerate(groups):
        yield Card(
            f"r{number}",
            result,
            places[result.suite, result.check_key],
            strip(result.verdict, _expected_name(result, trends), has_bad_side=is_to_hold(result)),
            result.rerun,
            tuple(other.model.id for other in others),
        )


def _alike(results: Iterable[Result]) -> list[list[Result]]:
    """Group skips that share check and reason, and order by status, then worst margin first."""
    groups: dict[object, list[Result]] = {}
    for result in results:
        alike = (result.suite, result.check_key, result.verdict.reason)
        groups.setdefault(alike if result.verdict.status == "skip" else result.nodeid, []).append(result)
    return sorted(groups.values(), key=_urgency)


def _urgency(group: list[Result]) -> tuple[int, float]:
    verdict = group[0].verdict
    return _CARD_ORDER.index(kind_of(verdict)), verdict.margin if verdict.margin is not None else 0.0


def _expected_name(result: Result, trends: dict[tuple[str, str], TrendFigure]) -> str:
    if result.is_about_groups:
        return "no effect"
    return "trend" if (result.suite, result.check_key) in trends else "expected"


def chart_page(plots: Iterable[TrendPlot]) -> dict[str, Any]:
    """Return what the page's script needs to draw the plots: templates, columns and model names."""
    drawn = list(plots)
    names: dict[str, int] = {}
    forms = dict.fromkeys(map(form_of, drawn))
    charts = [{"form": form_of(plot).name, "axes": chart_axes(plot), "data": chart_data(plot, names)} for plot in drawn]
    return {"templates": {form.name: chart_template(form) for form in forms}, "charts": charts, "names": list(names)}
