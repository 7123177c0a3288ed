"""The pytest plugin: translates between pytest and a robustcheck session, and decides nothing.

This module is imported in every pytest run where robustcheck is installed, so it imports nothing but
pytest; the rest comes with the first suite, or with an option that only suites need.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from robustcheck.plugin import hookspecs
from robustcheck.plugin.options import SUFFIX, add_options, is_asked_for, pin_device

if TYPE_CHECKING:
    from robustcheck.plugin.items import SpecFile

_HOOKS = "robustcheck-hooks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--models``, ``--arch`` and the ``--robust-`` options, and their keys in the configuration file."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that other plugins may implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Give an xdist worker its own device before torch is imported; start a run that was asked for."""
    pin_device()
    if is_asked_for(config):
        _start_run(config, pytest.UsageError)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_XdistHooks(), "robustcheck-xdist")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    """Collect ``*.robust.yaml``."""
    if not file_path.name.endswith(SUFFIX):
        return None
    _start_run(parent.config, parent.CollectError)
    from robustcheck.plugin.items import SpecFile

    return SpecFile.from_parent(parent, path=file_path)


def _start_run(config: pytest.Config, complaint: type[Exception]) -> None:
    """Register the hooks of a run once; an option that cannot be is a complaint in pytest's own terms."""
    if config.pluginmanager.hasplugin(_HOOKS):
        return
    from robustcheck.errors import SetupError
    from robustcheck.plugin.hooks import RunHooks

    try:
        config.pluginmanager.register(RunHooks(config), _HOOKS)
    except SetupError as error:
        raise complaint(str(error)) from None


class _XdistHooks:
    """Hooks that exist only where pytest-xdist is installed."""

    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """Take note of the planned items, which the controller does not collect itself."""
        config: pytest.Config = node.config  # type: ignore[attr-defined]
        if any(f"{SUFFIX}::" in nodeid for nodeid in ids):
            _start_run(config, pytest.UsageError)
            config.pluginmanager.getplugin(_HOOKS).run.plan_ids(ids)
