"""The end of a run: one record, the report, and what a CI service wants to hear."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from robustcheck.errors import RobustcheckError
from robustcheck.history.changes import changes_since, previous_run
from robustcheck.history.past import past_of
from robustcheck.judge import screen_results
from robustcheck.registry import other_packages
from robustcheck.report import closing_lines, github_annotations, write_report
from robustcheck.run.candidates import find_unjudged, judged_candidate
from robustcheck.run.session import RobustSession
from robustcheck.run.verdict_pictures import within_weight
from robustcheck.values import Pairs, Result, RunRecord, SuiteInfo, TrendFigure

_PACKAGES = ("robustcheck", "pytest", "torch", "open_clip_torch", "timm", "transformers", "numpy", "statsmodels")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run leaves behind: everything that the record is made from."""

    results: Sequence[Result]
    figures: Sequence[TrendFigure]
    planned: Sequence[str]
    started: datetime
    seconds: float
    command: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A run whose report is written; ``unjudged`` are the models of ``--models`` that no check gave a verdict on."""

    run: RunRecord
    page: Path
    annotations: tuple[str, ...]
    closing_lines: tuple[str, ...]
    unjudged: tuple[str, ...] = ()

    @property
    def judged(self) -> int:
        """How many checks got a verdict on numbers."""
        return sum(result.verdict.value is not None for result in self.run.results)

    @property
    def judged_candidates(self) -> int:
        """How many of them are about the models of the run."""
        return sum(map(judged_candidate, self.run.results))


def finish_run(session: RobustSession, outcome: Outcome, environ: Mapping[str, str]) -> Finished:
    """Write the report of a run and tell the CI service, where there is one."""
    run = _record(session, outcome)
    page = write_report(run, session.settings.reports / run.id)
    if step_summary := environ.get("GITHUB_STEP_SUMMARY"):
        with Path(step_summary).open("a", encoding="utf-8") as file:
            file.write((page.parent / "summary.md").read_text(encoding="utf-8"))
    notes = tuple(github_annotations(run)) if environ.get("GITHUB_ACTIONS") else ()
    unjudged = find_unjudged(session, run.results, outcome.planned)
    return Finished(run, page, notes, tuple(closing_lines(run)), unjudged)


def _record(session: RobustSession, outcome: Outcome) -> RunRecord:
    order = {nodeid: place for place, nodeid in enumerate(outcome.planned)}
    judged = screen_results(sorted(outcome.results, key=lambda result: order.get(result.nodeid, len(order))))
    results = within_weight(judged)
    suites = tuple(dict.fromkeys(result.suite for result in results))
    reports = session.settings.reports
    previous = previous_run(reports, suites)
    done = {result.nodeid for result in results}
    keys = {(result.suite, result.check_key): place for place, result in reversed(list(enumerate(results)))}
    return RunRecord(
        id=_free_id(reports, outcome.started),
        started=outcome.started.isoformat(timespec="seconds"),
        seconds=outcome.seconds,
        command=outcome.command,
        suites=tuple(_suite_info(session, path) for path in suites),
        results=results,
        trends=tuple(
            sorted(outcome.figures, key=lambda figure: keys.get((figure.suite, figure.check_key), len(results)))
        ),
        not_run=tuple(nodeid for nodeid in outcome.planned if nodeid not in done),
        previous=previous.id if previous else None,
        changes=changes_since(previous, results, session.settings.samples),
        environment=_environment(session),
        strict=session.settings.strict,
        past=past_of(previous, results),
    )


def _suite_info(session: RobustSession, path: str) -> SuiteInfo:
    try:
        suite = session.load(Path(path))
        return SuiteInfo(path, suite.title, suite.about, len(suite.checks), session.plan(suite).deselected)
    except RobustcheckError:
        # The file was changed while the run went on; the results stand, their frame is gone.
        return SuiteInfo(path, Path(path).name, "", 0)


def _free_id(reports: Path, started: datetime) -> str:
    """Return the start time as an id, with a counter when a run of the same second is there."""
    stem = started.strftime("%Y%m%d-%H%M%S")
    taken = {path.name for path in reports.glob(f"{stem}*")}
    return next(name for name in (stem, *(f"{stem}-{count}" for count in range(2, 1000))) if name not in taken)


def _environment(session: RobustSession) -> Pairs:
    settings = session.settings
    return (
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("processors", str(os.cpu_count())),
        *((name, _version(name)) for name in _PACKAGES),
        *other_packages(),
        ("device", settings.measure.device),
        ("precision", settings.measure.precision),
        ("evidence", settings.evidence),
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
