"""The pytest plugin: translates between pytest and a robustcheck session, and decides nothing.

This module is imported in every pytest run where robustcheck is installed, so it imports nothing but
pytest; the rest comes with the first suite, or with an option that only suites need.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from robustcheck.files.suite_files import SUFFIX
from robustcheck.plugin import hookspecs
from robustcheck.plugin.guest import in_pytests_terms, showing_warnings, tell_worker, unread_suites
from robustcheck.plugin.options import (
    add_options,
    add_short_names,
    is_asked_for,
    pin_device,
    refuse_misnamed,
    refuse_misspelt,
    without_short_values,
)

if TYPE_CHECKING:
    from robustcheck.plugin.crashed_workers import Crashes
    from robustcheck.plugin.items import SpecFile
    from robustcheck.plugin.pytest_run import Run

_HOOKS = "robustcheck-hooks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ``--robust-`` options, and their keys in the configuration file."""
    add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]):  # type: ignore[no-untyped-def]
    """Add ``--models`` and ``--arch`` when every plugin and conftest has had its turn: a taken name stays theirs."""
    without_short_values(args, early_config.known_args_namespace.file_or_dir)
    result = yield
    add_short_names(parser)
    refuse_misspelt(parser, args)
    return result


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that other plugins may implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Give an xdist worker its own device before torch is imported; start a run that was asked for."""
    pin_device()
    config.pluginmanager.register(_CollectionErrors(config), "robustcheck-collection")
    if is_asked_for(config):
        _start_run(config, pytest.UsageError)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_XdistHooks(), "robustcheck-xdist")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """Collect ``*.robust.yaml``."""
    if not file_path.name.endswith(SUFFIX):
        refuse_misnamed(file_path, parent)
        return None
    if any(character < " " or character == "\x7f" for character in file_path.name):
        raise parent.CollectError(f"{file_path.name!a} cannot name a suite: pytest prints it in every line")
    _start_run(parent.config, parent.CollectError)
    with showing_warnings(), in_pytests_terms(parent.CollectError):
        # Those of the configuration file are wrong once, and not for each suite.
        parent.config.pluginmanager.getplugin(_HOOKS).run.session.require_named()
    from robustcheck.plugin.items import SpecFile

    return SpecFile.from_parent(parent, path=file_path)


def _start_run(config: pytest.Config, complaint: type[Exception]) -> None:
    """Register the hooks of a run once; an option that cannot be is a complaint in pytest's own terms."""
    if config.pluginmanager.hasplugin(_HOOKS):
        return
    with showing_warnings(), in_pytests_terms(complaint):
        from robustcheck.plugin.hooks import RunHooks

        config.pluginmanager.register(RunHooks(config), _HOOKS)


class _CollectionErrors:
    """Takes note of suites that cannot be read, in this process or (through xdist) in a worker.

    pytest goes on with the others under xdist and with ``--continue-on-collection-errors``.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._unread = config.stash[unread_suites] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a suite, or a directory that may hold some, that could not be collected."""
        if report.failed and (report.nodeid.endswith(SUFFIX) or (self._root / report.nodeid).is_dir()):
            self._unread[report.nodeid or "."] = None


class _XdistHooks:
    """Hooks that exist only where pytest-xdist is installed."""

    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where pytest was started, and which workers died before it."""
        tell_worker(node.workerinput, node.config)
        if found := self._crashes(node.config):
            found.tell(node.workerinput)

    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Take note of the planned items, which the controller does not collect itself."""
        config: pytest.Config = node.config
        if any(f"{SUFFIX}::" in nodeid for nodeid in ids):
            _start_run(config, pytest.UsageError)
            with in_pytests_terms(pytest.UsageError):
                config.pluginmanager.getplugin(_HOOKS).run.plan_ids(ids)

    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take note of what only the workers saw: the suites that no model of the run is meant for."""
        from robustcheck.plugin.hooks import UNMATCHED

        if error and (found := self._crashes(node.config)):
            found.has_any = True
        told = getattr(node, "workeroutput", {}).get(UNMATCHED)
        if told:
            _start_run(node.config, pytest.UsageError)
            node.config.pluginmanager.getplugin(_HOOKS).run.unmatched += told

    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport, sched: Any) -> None:
        """Have an item tried again that ended its worker, or say what became of it."""
        if (run := self._run(report.node.config)) is not None:
            run.handle_crash(crashitem, report, sched)

    @staticmethod
    def _run(config: pytest.Config) -> Run | None:
        hooks = config.pluginmanager.getplugin(_HOOKS)
        return None if hooks is None else hooks.run

    def _crashes(self, config: pytest.Config) -> Crashes | None:
        run = self._run(config)
        return None if run is None else run.crashes
