"""One pytest run: what was planned, what came of it, and the report at the end."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from robustcheck.plugin.options import SUFFIX
from robustcheck.plugin.progress import ProgressLine
from robustcheck.run.closing import Finished, Outcome, finish_run
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.run.wire import dump_figure, dump_result, load_figure, load_result
from robustcheck.values import Result, TrendFigure
from robustcheck.values.checks import PlannedCheck

RESULT, FIGURE = "robustcheck", "robustcheck_trend"

robust_run = pytest.StashKey["Run"]()
_attached = pytest.StashKey[tuple[Result, list[tuple[str, str]]]]()


class Run:
    """The state of one pytest process that has suites."""

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        self.config = config
        self.settings = settings
        self.session = RobustSession(settings, datetime.now(UTC).date(), ProgressLine(config))
        self.started = datetime.now(UTC)
        self.clock = time.perf_counter()
        self.planned: list[str] = []
        self.results: dict[str, Result] = {}
        self.figures: dict[tuple[str, str], TrendFigure] = {}
        self.finished: Finished | None = None
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
        """Tell the session what will run, so that one pass serves all of it."""
        checks = [item for item in items if _planned(item) is not None]
        self.session.select([planned for item in checks if (planned := _planned(item)) is not None])
        self.plan_ids([item.nodeid for item in checks])

    def plan_ids(self, ids: Sequence[str]) -> None:
        """Take note of planned checks by id; xdist's controller learns them from its workers."""
        self.planned = [nodeid for nodeid in ids if f"{SUFFIX}::" in nodeid]

    def attach(self, item: pytest.Item, planned: PlannedCheck, result: Result) -> None:
        """Keep a result with its item, and the check's trend plot with the first of them."""
        properties = [(RESULT, dump_result(result))]
        check = (result.suite, result.check_key)
        if result.verdict.margin is not None and check not in self._drawn:
            self._drawn.add(check)
            properties += self._figure(planned)
        item.stash[_attached] = (result, properties)

    def inform(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Put the result and its status on the report of the phase that decided, and short facts on the last."""
        attached = item.stash.get(_attached, None)
        if attached is None:
            return
        result, properties = attached
        if report.when == "teardown":
            report.user_properties.extend(_short_facts(result))
        elif report.when == "call" or not report.passed:
            report.user_properties.extend(properties)
        if report.when == "call" and report.passed:
            report.robust_status = result.verdict.status  # type: ignore[attr-defined]

    def take(self, report: pytest.TestReport) -> None:
        """Take in the result that a report carries; the last one of an item counts."""
        for name, text in report.user_properties:
            if name == RESULT and isinstance(text, str):
                result = load_result(text)
                self.results[result.nodeid] = result
            elif name == FIGURE and isinstance(text, str):
                figure = load_figure(text)
                self.figures[figure.suite, figure.check_key] = figure

    def finish(self, session: pytest.Session) -> None:
        """Write the report and tell other plugins; a run that did not look at its candidates is not green."""
        if not self.is_controller or not self.planned or self.config.option.collectonly:
            return
        self.finished = finish_run(self.session, self._outcome(), os.environ)
        if (not self.finished.judged or self.finished.unjudged) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
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
            command=shlex.join(["pytest", *self.config.invocation_params.args]),
        )

    def _figure(self, planned: PlannedCheck) -> list[tuple[str, str]]:
        figure = self.session.draw_figure(planned)
        return [] if figure is None else [(FIGURE, dump_figure(figure))]


def _planned(item: pytest.Item) -> PlannedCheck | None:
    return getattr(item, "planned", None)


def _short_facts(result: Result) -> list[tuple[str, str]]:
    verdict = result.verdict
    facts = [("robust_status", verdict.status), ("robust_reason", verdict.reason)]
    numbers = {"value": verdict.value, "low": verdict.low, "high": verdict.high, "margin": verdict.margin}
    return facts + [(f"robust_{name}", f"{number:.6g}") for name, number in numbers.items() if number is not None]
