"""The page as values: what each section of the report shows, taken from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from robustcheck.records import Change, Result, RunRecord, TrendFigure
from robustcheck.report.charts import chart_axes, chart_data, chart_template, form_of
from robustcheck.report.heatmap import Heatmap, column_places, heatmap
from robustcheck.report.plot import TrendPlot, group_colours, trend_plot
from robustcheck.report.strip import Strip, strip
from robustcheck.report.words import WORDS, Kind, counted, kind_of

FULL_CARDS = 50
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


@dataclass(frozen=True, slots=True)
class Page:
    """All sections of the report."""

    run: RunRecord
    title: str
    headline: Headline
    changed: dict[str, list[Change]]
    models: int
    plots: tuple[TrendPlot, ...]
    table: Heatmap
    places: dict[tuple[str, str], int]
    cards: tuple[Card, ...]
    rest: tuple[Card, ...]
    known: tuple[Card, ...]
    unlisted: int
    evidence: str
    tags: tuple[str, ...]

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
    table_without_links = heatmap(run.results, {})
    places = column_places(table_without_links)
    listed = list(_cards(run, places))
    cards = [card for card in listed if not card.result.verdict.excused]
    anchors = {card.result.nodeid: card.anchor for card in listed}
    return Page(
        run=run,
        title=run.suites[0].title if len(run.suites) == 1 else "Robustness report",
        headline=headline(run),
        changed=_changed(run.changes),
        models=len({result.model.id for result in run.results}),
        plots=tuple(_plots(run)),
        table=heatmap(run.results, anchors),
        places=places,
        cards=tuple(cards[:FULL_CARDS]),
        rest=tuple(cards[FULL_CARDS:MOST_LISTED]),
        known=tuple(card for card in listed if card.result.verdict.excused),
        unlisted=max(0, len(cards) - MOST_LISTED),
        evidence=_evidence(run.results),
        tags=tuple(sorted({tag for result in run.results for tag in result.tags})),
    )


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
    groups: dict[str, list[Change]] = {"newly failing": [], "fixed": [], "otherwise changed": []}
    for change in changes:
        groups[_kind(change)].append(change)
    return groups


def _kind(change: Change) -> str:
    red = ("fail", "error")
    if change.after in red and change.before not in red:
        return "newly failing"
    return "fixed" if change.before in red and change.after in ("pass", "warn") else "otherwise changed"


def _evidence(results: Iterable[Result]) -> str:
    kinds = sorted({result.score.evidence for result in results if result.score})
    return f"{' and '.join(kinds)} evidence" if kinds else "no evidence"


def _plots(run: RunRecord) -> Iterator[TrendPlot]:
    colours = group_colours(run.trends)
    for figure in run.trends:
        yield trend_plot(figure, [result for result in run.results if _is_of(result, figure)], colours)


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
            strip(result.verdict, _expected_name(result, trends)),
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
    return "trend" if (result.suite, result.check_key) in trends else "expected"


def chart_page(plots: Iterable[TrendPlot]) -> dict[str, Any]:
    """Return what the page's script needs to draw the plots: templates, columns and model names."""
    drawn = list(plots)
    names: dict[str, int] = {}
    forms = dict.fromkeys(map(form_of, drawn))
    charts = [{"form": form_of(plot).name, "axes": chart_axes(plot), "data": chart_data(plot, names)} for plot in drawn]
    return {"templates": {form.name: chart_template(form) for form in forms}, "charts": charts, "names": list(names)}
