"""One pytest run: what was planned, what came of it, and the report at the end."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from robustcheck.errors import RobustcheckError
from robustcheck.files.suite_files import SUFFIX
from robustcheck.plugin.crashed_workers import Crashes, lost_items, lost_with_its_worker
from robustcheck.plugin.guest import is_dry, unread_suites
from robustcheck.plugin.progress import MeasuringProgress
from robustcheck.printing import one_line
from robustcheck.run.closing import Finished, Outcome, finish_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.run.wire import dump_figure, dump_result, light_result, load_figure, load_result
from robustcheck.run.wishes import refuse_missing_baselines
from robustcheck.run.writable import refuse_unwritable
from robustcheck.values import Result, TrendFigure, Verdict
from robustcheck.values.checks import PlannedCheck

RESULT, FIGURE = "robustcheck", "robustcheck_trend"
# The status of an item whose worker died and that is handed out once more.
RETRIED = "retried"

robust_run = pytest.StashKey["Run"]()
_attached = pytest.StashKey[tuple[Result, TrendFigure | None]]()


class Run:
    """The state of one pytest process that has suites."""

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        self.config = config
        self.settings = settings
        self.progress = MeasuringProgress(config)
        self.session = RobustSession(settings, datetime.now(UTC).date(), self.progress)
        self.started = datetime.now(UTC)
        self.clock = time.perf_counter()
        self.planned: list[str] = []
        self.is_running = False
        self.results: dict[str, Result] = {}
        self.figures: dict[tuple[str, str], TrendFigure] = {}
        self.finished: Finished | None = None
        # Suites whose checks apply to no model of the run; a worker tells them to the controller.
        self.unmatched: list[str] = []
        self.crashes = Crashes()
        self._drawn: set[tuple[str, str]] = set()

    @property
    def is_controller(self) -> bool:
        """Whether this process writes the report (not an xdist worker)."""
        return not hasattr(self.config, "workerinput")

    def order(self, items: list[pytest.Item]) -> None:
        """Put what shares a pass next to each other: by group of models that fit in memory, then by data set."""
        planned = [_planned(item) for item in items]
        places = [index for index, check in enumerate(planned) if check is not None]
        keys = self.session.pass_order([check for check in planned if check is not None])
        in_order = [items[places[place]] for place in sorted(range(len(places)), key=keys.__getitem__)]
        for index, item in zip(places, in_order, strict=True):
            items[index] = item

    def select(self, items: Sequence[pytest.Item]) -> None:
        """Tell the session what will run, so that one pass serves all of it; raises what cannot be met."""
        checks = {item.nodeid: planned for item in items if (planned := _planned(item)) is not None}
        self.planned = list(checks)
        if self.is_controller:
            self._refuse(list(checks.values()))
        # A worker that raises here ends as a crash: the controller, which looks at the same store, says what is wrong.
        with suppress(*() if self.is_controller else (RobustcheckError,)):
            if not is_dry(self.config):
                self.session.select(list(checks.values()))
        if (lost := lost_items(self.config)) is not None:
            self._measure_alone([checks[nodeid] for nodeid in lost if nodeid in checks])

    def _measure_alone(self, lost: Sequence[PlannedCheck]) -> None:
        """Measure each model by itself, and none that its worker did not survive by itself: another worker died."""
        book = self.session.book
        book.alone = True
        for item in lost:
            if len({cell.model for cell in item.cells}) == 1:
                book.bench.models.give_up(item.model, lost_with_its_worker(item))

    def handle_crash(self, nodeid: str, report: pytest.TestReport, scheduler: Any) -> None:
        """Have an item tried again whose worker died, or make an error of it: in the process that hands them out."""
        if f"{SUFFIX}::" not in nodeid or not report.failed:  # another plugin may have it tried again
            return
        if self.crashes.tries_again(nodeid, report.node, scheduler):
            report.outcome, report.robust_status = "rerun", RETRIED  # type: ignore[assignment, attr-defined]
        else:
            planned = self._planned_by_id([nodeid])
            report.longrepr = self._without_verdict(nodeid, planned[0]) if planned else report.longrepr

    def _without_verdict(self, nodeid: str, planned: PlannedCheck) -> str:
        error = lost_with_its_worker(planned)
        verdict = Verdict(status="error", reason=str(error))
        result = self.session.make_result(planned, nodeid, verdict, time.perf_counter())
        self._keep(result, None)
        return error_text(result)

    def judge_ahead(self, session: pytest.Session) -> None:
        """Have another process begin on the claims, where pytest has not started workers already."""
        if self.is_controller and self.is_running:
            self.session.judge_ahead([planned for item in session.items if (planned := _planned(item)) is not None])

    def lend_a_hand(self, session: pytest.Session) -> None:
        """Help the other workers of a run to measure, when none of its items is left for this one.

        A run that ends at a failure (``-x``, ``--maxfail``) looks the same from here: it is not to be kept waiting.
        """
        ends_early = session.shouldfail or session.shouldstop or self.config.option.maxfail
        if not (self.is_controller or ends_early or is_dry(self.config)):
            # Whatever goes wrong is met, and told, by the item that needs the score.
            with suppress(Exception):
                self.session.lend_a_hand()

    def plan_ids(self, ids: Sequence[str]) -> None:
        """Take note of planned checks by id: xdist's controller learns them from its workers."""
        if not self.planned:
            self.is_running = True
            self.planned = [nodeid for nodeid in ids if f"{SUFFIX}::" in nodeid]
            self._refuse(self._planned_by_id(self.planned))
            self.progress.watch_workers()

    def _refuse(self, items: Sequence[PlannedCheck]) -> None:
        """Refuse, before anything is measured, what can be seen to fail: places and baselines that are not there."""
        if not items or is_dry(self.config):
            return
        try:
            refuse_missing_baselines(items, self.settings.baselines)
            if not self.config.option.collectonly:
                refuse_unwritable(self.settings, os.environ)
        except RobustcheckError:
            self.planned = []
            raise

    def _planned_by_id(self, nodeids: Sequence[str]) -> list[PlannedCheck]:
        paths = dict.fromkeys(nodeid.partition("::")[0] for nodeid in nodeids)
        suites = {path: self.session.load(self.config.rootpath / path) for path in paths}
        names = {(path, item.name): item for path, suite in suites.items() for item in self.session.plan(suite).items}
        wanted = [(path, name) for path, _, name in (nodeid.partition("::") for nodeid in nodeids)]
        return [names[key] for key in wanted if key in names]

    def attach(self, item: pytest.Item, planned: PlannedCheck, result: Result) -> None:
        """Keep a result with its item, and the check's trend plot with the first of them."""
        check, figure = (result.suite, result.check_key), None
        if result.verdict.margin is not None and check not in self._drawn:
            self._drawn.add(check)
            figure = self.session.draw_figure(planned)
        item.stash[_attached] = (light_result(result), figure)

    def inform(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Put the result and its status on the report of the phase that decided, and short facts on the last."""
        attached = item.stash.get(_attached, None)
        if attached is None:
            return
        result, figure = attached
        if report.when == "teardown":
            report.user_properties.extend(_short_facts(result))
            # What the reports carry is not kept a second time with each of some thousand items.
            del item.stash[_attached]
        elif report.when == "call" or not report.passed:
            if self.is_controller:
                report.robust_result = attached  # type: ignore[attr-defined]
            else:
                report.user_properties.extend(_as_text(result, figure))
        if report.when == "call" and report.passed:
            report.robust_status = result.verdict.status  # type: ignore[attr-defined]

    def take(self, report: pytest.TestReport) -> None:
        """Take in the result that a report carries; the last one of an item counts.

        The process that keeps every report to the end takes it off: it is more than all that is kept of it. A report of
        this process carries the result itself, one of a worker its text.
        """
        if not self.is_controller:
            return
        self._keep(*vars(report).pop("robust_result", (None, None)))
        carried = [pair for pair in report.user_properties if pair[0] in (RESULT, FIGURE)]
        for name, text in carried:
            if name == RESULT and isinstance(text, str):
                self._keep(load_result(text), None)
            elif isinstance(text, str):
                self._keep(None, load_figure(text))
        if carried:
            report.user_properties[:] = [pair for pair in report.user_properties if pair not in carried]

    def _keep(self, result: Result | None, figure: TrendFigure | None) -> None:
        if result is not None:
            self.results[result.nodeid] = result
        if figure is not None:
            self.figures[figure.suite, figure.check_key] = figure

    def finish(self, session: pytest.Session) -> None:
        """Write the report and tell other plugins; a run that did not look at its candidates is not green."""
        self.session.close()
        if not self.is_controller or not self.is_running or not self.planned:
            return
        self.finished = finish_run(self.session, self._outcome(), os.environ)
        if session.exitstatus == pytest.ExitCode.OK and (not self.finished.judged or self.finished.unjudged):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        if session.exitstatus == pytest.ExitCode.OK and self.finished.page is None:
            # The verdicts are in the terminal; whoever waits for the record must learn that there is none.
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self.finished.page is not None:
            self.config.hook.pytest_robustcheck_run_finished(
                config=self.config, run=self.finished.run, report=self.finished.page.parent
            )

    def _outcome(self) -> Outcome:
        return Outcome(
            results=tuple(self.results.values()),
            figures=tuple(self.figures.values()),
            planned=tuple(self.planned),
            started=self.started,
            seconds=round(time.perf_counter() - self.clock, 2),
            command=shlex.join(["pytest", *map(str, self.config.invocation_params.args)]),
            unmatched=tuple(dict.fromkeys(self.unmatched)),
            unread=(*self.config.stash[unread_suites],),
        )


def _planned(item: pytest.Item) -> PlannedCheck | None:
    return getattr(item, "planned", None)


def error_text(result: Result, cause: str = "") -> str:
    """Say why an item has no verdict, then the place and one command."""
    status, reason = result.verdict.status.upper(), result.verdict.reason
    return f"{status}: {reason}\n{one_line(str(result.position))}\n{one_line(result.rerun)}{cause}"


def _as_text(result: Result, figure: TrendFigure | None) -> list[tuple[str, str]]:
    """Return what a report carries from a worker to the process that writes the report."""
    return [(RESULT, dump_result(result)), *([] if figure is None else [(FIGURE, dump_figure(figure))])]


def _short_facts(result: Result) -> list[tuple[str, str]]:
    verdict = result.verdict
    facts = [("robust_status", verdict.status), ("robust_reason", verdict.reason)]
    numbers = {"value": verdict.value, "low": verdict.low, "high": verdict.high, "margin": verdict.margin}
    return facts + [(f"robust_{name}", f"{number:.6g}") for name, number in numbers.items() if number is not None]
