"""The pytest plugin: translates between pytest and a robustcheck session, and decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.plugin.items import SpecFile, is_suite
from robustcheck.plugin.options import add_options, pin_device, run_settings
from robustcheck.plugin.outcomes import report_status, teststatus
from robustcheck.plugin.parallel import make_scheduler
from robustcheck.plugin.run import Run, robust_run

__all__ = [
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_report_teststatus",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--models``, ``--arch`` and the ``--robust-`` options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Start a run; under xdist, give this worker its own device before torch is imported."""
    pin_device()
    run = config.stash[robust_run] = Run(config, run_settings(config))
    config.pluginmanager.register(run, "robustcheck-run")
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_XdistHooks(), "robustcheck-xdist")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """Collect ``*.robust.yaml``."""
    return SpecFile.from_parent(parent, path=file_path) if is_suite(file_path) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put items that share a pass next to each other."""
    config.stash[robust_run].order(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the session which items were selected."""
    session.config.stash[robust_run].select(session.items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    """Mark the report of an item with its robustcheck status, as plain text."""
    report = yield
    report_status(item, report)
    return report


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show ``warned`` and ``unsure`` as outcomes of their own."""
    return teststatus(report)


class _XdistHooks:
    """Hooks that exist only where pytest-xdist is installed."""

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> object | None:
        """Keep one model on one worker."""
        return make_scheduler(config, log)

    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """Take note of the planned items, which the controller does not collect itself."""
        config: pytest.Config = node.config  # type: ignore[attr-defined]
        config.stash[robust_run].plan_ids(ids)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report; a run that judged nothing is not green."""
    session.config.stash[robust_run].finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Sum up, when there was anything to sum up."""
    config.stash[robust_run].summarise(terminalreporter)
