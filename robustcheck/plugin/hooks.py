"""The hooks of a run that has suites; registered with the first of them."""

from __future__ import annotations

import pytest

from robustcheck.files.suite_files import SUFFIX
from robustcheck.plugin.failures import FoldedFailures, forget_quiet_report
from robustcheck.plugin.guest import in_pytests_terms, is_dry, showing_warnings
from robustcheck.plugin.items import CheckItem
from robustcheck.plugin.pytest_run import RETRIED, Run, robust_run
from robustcheck.plugin.resolve import run_settings
from robustcheck.plugin.terminal_summary import ends_at_mistakes, print_summary

UNMATCHED = "robustcheck_unmatched"
_SHOWN = {
    "warn": ("warned", "W", ("WARN", {"yellow": True})),
    "unsure": ("unsure", "U", ("UNSURE", {"yellow": True})),
    RETRIED: ("retried", "R", ("RETRIED", {"yellow": True})),
}


class RunHooks:
    """Passes what pytest tells on to the run of this process."""

    def __init__(self, config: pytest.Config) -> None:
        self.run = config.stash[robust_run] = Run(config, run_settings(config))
        self.failures = FoldedFailures(self.run.results)
        config.pluginmanager.register(FailureHooks(config, self.failures), "robustcheck-failures")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Refuse wrong models and a lost series of the command line before the first suite is read."""
        with showing_warnings(), in_pytests_terms(pytest.UsageError):
            self.run.session.require_named()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put items that share a pass next to each other."""
        self.run.order(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell the session which items were selected; what can be seen to fail ends the run before it begins."""
        with in_pytests_terms(pytest.UsageError):
            self.run.select(session.items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session):  # type: ignore[no-untyped-def]
        """Take note that tests are run: a run that was stopped before leaves no report."""
        self.run.is_running = not (session.config.option.collectonly or is_dry(session.config))
        self.run.judge_ahead(session)
        is_done = yield
        with showing_warnings():
            self.run.lend_a_hand(session)
        return is_done

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item):  # type: ignore[no-untyped-def]
        """Put the item's result and its status on its report, as plain text that survives xdist."""
        report = yield
        self.run.inform(item, report)
        if report.skipped and isinstance(item, CheckItem):
            report.longrepr = item.skip_place(report.longrepr)
        return report

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show ``warned``, ``unsure`` and ``retried`` as outcomes of their own."""
        return _SHOWN.get(getattr(report, "robust_status", ""))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in the result that a report carries."""
        self.run.take(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report; a run that judged nothing is not green."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[UNMATCHED] = self.run.unmatched
        self.run.progress.close()
        with showing_warnings():
            self.run.finish(session)
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and ends_at_mistakes(session.config):
            # As without xdist, under which the other suites run and a mistake counts as a failed test.
            session.exitstatus = pytest.ExitCode.INTERRUPTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Sum up, when there was anything to sum up."""
        print_summary(terminalreporter, self.run, self.failures.lines)


class FailureHooks:
    """Has pytest write out the worst of many failures, and spares it reports that have nothing to show."""

    def __init__(self, config: pytest.Config, failures: FoldedFailures) -> None:
        self._config, self._failures = config, failures

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Forget a report of a check's setup or teardown, once the terminal has taken it in."""
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and f"{SUFFIX}::" in report.nodeid:
            forget_quiet_report(terminal, report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter):  # type: ignore[no-untyped-def]
        """Hide the failures that are too many while pytest writes, and count them afterwards."""
        self._failures.hide(terminalreporter)
        try:
            return (yield)
        finally:
            self._failures.show(terminalreporter)
