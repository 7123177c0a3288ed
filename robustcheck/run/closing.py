"""The end of a run: one record, the report, and what a CI service wants to hear."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.history.changes import changes_since, pairs_of, previous_run
from robustcheck.history.past import past_of
from robustcheck.judge import screen_results
from robustcheck.models.digests import installed_version
from robustcheck.printing import one_line
from robustcheck.registry import other_packages
from robustcheck.report import closing_lines, github_annotations, summary_markdown, write_report
from robustcheck.run.candidates import count_left_out, find_unjudged, judged_candidate
from robustcheck.run.notices import notices_of, notices_of_later_runs, run_id
from robustcheck.run.session import RobustSession
from robustcheck.run.shrunk_gate import notices_of_shrinking
from robustcheck.run.verdict_pictures import within_weight
from robustcheck.run.writable import STEP_SUMMARY
from robustcheck.values import Pairs, Result, RunRecord, SuiteInfo, TrendFigure
from robustcheck.values.checks import Suite

_PACKAGES = (
    "robustcheck",
    "pytest",
    "torch",
    "torchvision",
    "pillow",
    "open_clip_torch",
    "timm",
    "transformers",
    "numpy",
    "statsmodels",
)
_MOST_RUNS_A_SECOND = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run leaves behind: everything that the record is made from.

    ``unmatched`` are the paths of suites whose checks apply to no model of the run, ``unread`` those of suites with
    mistakes, beside which the others were run.
    """

    results: Sequence[Result]
    figures: Sequence[TrendFigure]
    planned: Sequence[str]
    started: datetime
    seconds: float
    command: str
    unmatched: Sequence[str] = ()
    unread: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that is over; ``page`` is its report, or None with the reason among the ``troubles``.

    ``unjudged`` are the models of ``--models`` that no check gave a verdict on.
    """

    run: RunRecord
    page: Path | None
    annotations: tuple[str, ...]
    closing_lines: tuple[str, ...]
    unjudged: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def judged(self) -> int:
        """How many checks got a verdict on numbers."""
        return sum(result.verdict.value is not None for result in self.run.results)

    @property
    def judged_candidates(self) -> int:
        """How many of them are about the models of the run."""
        return sum(map(judged_candidate, self.run.results))


def finish_run(session: RobustSession, outcome: Outcome, environ: Mapping[str, str]) -> Finished:
    """Write the report of a run and tell the CI service, where there is one; what cannot be written is said.

    The verdicts stand whatever happens to the files, so nothing is raised for a full or vanished disk.
    """
    run = _record(session, outcome)
    page, troubles = None, []
    try:
        run = replace(run, id=_claim_id(session.settings.reports, outcome.started))
        session.looks.take(run)
        page = write_report(run, session.settings.reports / run.id)
    except RobustcheckError as error:
        troubles.append(str(error))
    if summary := environ.get(STEP_SUMMARY):
        troubles += _append(Path(summary), summary_markdown(run))
    notes = tuple(github_annotations(run)) if environ.get("GITHUB_ACTIONS") else ()
    unjudged = find_unjudged(session, run.results, outcome.planned)
    return Finished(run, page, notes, tuple(closing_lines(run)), unjudged, tuple(troubles))


def _append(path: Path, text: str) -> list[str]:
    """Add to a file; return the trouble with it, if there is any."""
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        return [f"{one_line(str(path))}: the step summary cannot be written ({getattr(error, 'strerror', error)})"]
    return []


def _record(session: RobustSession, outcome: Outcome) -> RunRecord:
    results = within_weight(screen_results(_as_planned(outcome)))
    suites = tuple(dict.fromkeys([*(result.suite for result in results), *outcome.unmatched]))
    settings, root = session.settings, str(session.settings.directory)
    started = outcome.started.isoformat(timespec="seconds")
    previous = previous_run(settings.reports, results, root, started)
    loaded = list(_loaded(session, suites))
    done = {result.nodeid for result in results}
    return RunRecord(
        id=run_id(outcome.started),
        started=started,
        seconds=outcome.seconds,
        command=outcome.command,
        suites=tuple(_suite_info(session, path) for path in suites),
        results=results,
        trends=_trends_as_listed(outcome.figures, results),
        not_run=tuple(nodeid for nodeid in outcome.planned if nodeid not in done),
        previous=previous.id if previous else None,
        changes=changes_since(previous, results, settings.samples, root),
        environment=_environment(session),
        strict=settings.strict,
        past=past_of(previous, results, root),
        root=root,
        compared=len(pairs_of(previous, results, root)) if previous else 0,
        unread=tuple(outcome.unread),
        left_out=count_left_out(session, results, outcome.planned),
        notices=(
            *notices_of_shrinking(session, loaded, previous),
            *notices_of_later_runs(settings.reports, outcome.started + timedelta(seconds=outcome.seconds)),
            *notices_of(session, results, loaded),
        ),
    )


def _as_planned(outcome: Outcome) -> list[Result]:
    """Return the results in the order of the plan: workers end in any order."""
    order = {nodeid: place for place, nodeid in enumerate(outcome.planned)}
    return sorted(outcome.results, key=lambda result: order.get(result.nodeid, len(order)))


def _trends_as_listed(figures: Sequence[TrendFigure], results: Sequence[Result]) -> tuple[TrendFigure, ...]:
    places = {(result.suite, result.check_key): place for place, result in reversed(list(enumerate(results)))}
    return tuple(sorted(figures, key=lambda figure: places.get((figure.suite, figure.check_key), len(results))))


def _loaded(session: RobustSession, suites: Sequence[str]) -> Iterator[Suite]:
    """Yield the suites that can still be read: a file may have changed while the run went on."""
    for path in suites:
        with contextlib.suppress(RobustcheckError):
            yield session.load(Path(path))


def _suite_info(session: RobustSession, path: str) -> SuiteInfo:
    try:
        suite = session.load(Path(path))
        return SuiteInfo(path, suite.title, suite.about, len(suite.checks), session.plan(suite).deselected)
    except RobustcheckError:
        # The file was changed while the run went on; the results stand, their frame is gone.
        return SuiteInfo(path, Path(path).name, "", 0)


def _claim_id(reports: Path, started: datetime) -> str:
    """Return the start time as an id, with a counter when another run has it: whoever makes the directory has the id.

    Raises SetupError when no directory can be made.
    """
    try:
        reports.mkdir(parents=True, exist_ok=True)
        for count in range(1, _MOST_RUNS_A_SECOND):
            name = run_id(started) + (f"-{count}" if count > 1 else "")
            with contextlib.suppress(FileExistsError):
                (reports / name).mkdir()
                return name
    except OSError as error:
        raise SetupError(f"cannot write the report: {error.strerror or error}", where=str(reports)) from error
    raise SetupError("the report has no free name", where=str(reports), fix="name another: --robust-report DIR")


def _environment(session: RobustSession) -> Pairs:
    settings = session.settings
    return (
        ("python", platform.python_version()),
        ("platform", platform.platform()),
        ("processors", str(os.cpu_count())),
        *((name, installed_version(name)) for name in _PACKAGES),
        *other_packages(),
        ("device", settings.measure.device),
        ("precision", settings.measure.precision),
        *((("compiled", "torch.compile"),) if settings.measure.compiled else ()),
        *((("decode", settings.measure.decode),) if settings.measure.decode != "exact" else ()),
        ("evidence", settings.evidence),
    )
