"""What several test modules share."""

from __future__ import annotations

import gc
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from command import Robustcheck, Said
from package_makers import Install, installer
from plugin_makers import SUITE, write

from robustcheck import registry


def pytest_collection_finish() -> None:
    """Leave what was imported and collected, which stays to the end, out of all later searches for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let processes that tests start share compiled modules where the environment forbids to write them.

    Without it each of them compiles the whole package, and rewrites its assertions, for itself.
    """
    if not sys.dont_write_bytecode:
        yield
        return
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(shared / "compiled"))
        yield


@pytest.fixture
def robustcheck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Robustcheck:
    """Run the command as the console script does, in an empty directory."""
    # Here, because most tests need no command.
    from robustcheck.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROBUSTCHECK_DATA", raising=False)

    def call(*words: str) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["robustcheck", *words])
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
        return Said(0 if code is None else int(code), *capsys.readouterr())

    return call


@pytest.fixture
def trusted_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the times of files that were written a moment ago, whatever the clock says."""
    monkeypatch.setattr("robustcheck.disk.SETTLED_SECONDS", -math.inf)


@pytest.fixture
def lasting() -> Iterator[dict[str, ModuleType]]:
    """Hold the modules that outlast a pytester, and bring them back when it has ended."""
    modules: dict[str, ModuleType] = {}
    yield modules
    sys.modules.update(modules)


@pytest.fixture
def pytester(lasting: dict[str, ModuleType], pytester: pytest.Pytester) -> Iterator[pytest.Pytester]:
    """Let what a test imports stay imported: pytester forgets it, and some modules can be imported only once."""
    yield pytester
    for name, module in sys.modules.items():
        if not Path(getattr(module, "__file__", None) or "/").is_relative_to(pytester.path):
            lasting[name] = module


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A directory with one suite; data sets of the machine are out of sight."""
    for name in ("ROBUSTCHECK_DATA", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write(pytester, "a.robust.yaml", SUITE)
    return pytester


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install packages that are gone after the test."""
    yield installer(tmp_path / "installed", monkeypatch)
    monkeypatch.undo()
    registry.forget()
