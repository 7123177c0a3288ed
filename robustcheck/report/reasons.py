"""The first screen: what became of each candidate, and the few reasons with their pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from robustcheck.listing import counted
from robustcheck.report.answer import Answer, Fate, is_judged, judges_candidates
from robustcheck.report.causes import Cause
from robustcheck.report.curves import Diagram, drawings
from robustcheck.report.dotplot import DotPlot, margins_plot
from robustcheck.report.plot import SMALL, TrendPlot, own_colours, trend_plot
from robustcheck.report.words import WORDS
from robustcheck.values import RunRecord, TrendFigure

# Candidates up to ``LISTED`` are listed each; of more, the fates are counted. Over ``SHOWN`` stand behind a line that
# counts them too, so that the reasons stay near the first screen of a phone.
LISTED = 24
SHOWN = 4
ORDER: tuple[Fate, ...] = ("do not ship", "cannot tell", "ship")


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause with its picture: the trend of its one check, the diagram of its one verdict, or all margins."""

    cause: Cause
    anchor: str
    trend: TrendPlot | None = None
    diagram: Diagram | None = None
    margins: DotPlot | None = None

    @property
    def rerun(self) -> str:
        """Return the command that judges the worst result again."""
        return self.cause.worst.rerun


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may ship or not, and how its checks ended."""

    model: str
    fate: Fate
    outcome: str


def reasons(
    run: RunRecord, found: Sequence[Cause], colours: Mapping[str, str], anchors: Mapping[str, str]
) -> Iterator[Reason]:
    """Give each cause that was found its picture and the card of its worst result."""
    figures = {(figure.suite, figure.check_key): figure for figure in run.trends}
    for cause in found:
        checks = {(result.suite, result.check_key) for result in cause.results}
        figure = figures.get(next(iter(checks))) if len(checks) == 1 else None
        anchor = anchors.get(cause.worst.nodeid, "")
        if figure is not None:
            yield Reason(cause, anchor, trend=_trend(figure, cause, colours))
        elif (own := _own_diagram(cause)) is not None:
            yield Reason(cause, anchor, diagram=own)
        else:
            yield Reason(cause, anchor, margins=margins_plot(cause.results))


def _own_diagram(cause: Cause) -> Diagram | None:
    """Return the first diagram of the verdict where a cause is about one, such as its ROC."""
    diagrams = drawings(cause.worst).diagrams if len(cause.results) == 1 else ()
    return diagrams[0] if diagrams else None


def _trend(figure: TrendFigure, cause: Cause, colours: Mapping[str, str]) -> TrendPlot:
    return trend_plot(figure, cause.results, own_colours(figure) if figure.line_of else colours, SMALL)


def candidates(run: RunRecord, answer: Answer) -> tuple[Candidate, ...]:
    """List the candidates, those that must not ship first; empty where there are too many to list."""
    if not 1 < len(answer.fates) <= LISTED:
        return ()
    ordered = sorted(answer.fates.items(), key=lambda item: ORDER.index(item[1]))
    return tuple(Candidate(model, fate, _outcome(run, model)) for model, fate in ordered)


def fates_said(listed: Sequence[Candidate]) -> str:
    """Count the fates of candidates, and name those of a fate that only one or two have.

    >>> fates_said([Candidate("a@1", "do not ship", ""), Candidate("a@2", "ship", "")])
    'Each of the 2 candidates: 1 do not ship (a@1), 1 ship (a@2)'
    """
    by_fate = {fate: [one.model for one in listed if one.fate == fate] for fate in ORDER}
    said = [f"{len(models):,} {fate}{_few(models)}" for fate, models in by_fate.items() if models]
    return f"Each of the {len(listed):,} candidates: {', '.join(said) if len(said) > 1 else f'all {listed[0].fate}'}"


def _few(models: Sequence[str]) -> str:
    return f" ({', '.join(models)})" if len(models) <= 2 else ""


def _outcome(run: RunRecord, model: str) -> str:
    """Say how the checks of a candidate ended: ``3 failed, 2 unsure of 24 checks``."""
    about = [result for result in run.results if judges_candidates(result) and result.model.id == model]
    judged = [result for result in about if is_judged(result)]
    counts = Counter(result.verdict.status for result in judged)
    said = [f"{counts[status]:,} {WORDS[status].label}" for status in ("fail", "unsure", "warn") if counts[status]]
    errors = sum(result.verdict.status == "error" for result in about)
    said += [counted(errors, "error")] * bool(errors)
    if not judged and not errors:
        return "no check judged it"
    return f"{', '.join(said) or 'all passed'} of {counted(len(judged) + errors, 'check')}"
