"""How the plugin behaves in other people's pytest: their warning filters, their fixtures, their dry runs."""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

# These show what would be set up, or which fixtures there are: nothing is measured, and nothing came of it.
_DRY = ("setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")
_DIRECTORY, _PROGRESS = "robustcheck_directory", "robustcheck_progress"
_progress = pytest.StashKey[Path]()
# Suites that could not be collected; where a directory could not be, the directory.
unread_suites = pytest.StashKey[dict[str, None]]()


@contextmanager
def showing_warnings() -> Iterator[None]:
    """Show the warnings of the libraries beneath, though the project turns its own into errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


@contextmanager
def in_pytests_terms(complaint: type[Exception]) -> Iterator[None]:
    """Turn a user's mistake into an error of pytest's own: its text and no traceback."""
    from robustcheck.errors import RobustcheckError

    try:
        yield
    except RobustcheckError as error:
        raise complaint(str(error)) from None


def is_dry(config: pytest.Config) -> bool:
    """Tell whether pytest was asked to show something and to run no test."""
    return any(getattr(config.option, name, False) for name in _DRY)


def module_of(path: Path, doc: str) -> ModuleType:
    """Return what stands for the module of a suite: fixtures and plugins of others read its name and its file."""
    module = ModuleType(path.name.partition(".")[0], doc)
    module.__file__ = str(path)
    return module


def invocation_directory(config: pytest.Config) -> Path:
    """Return where pytest was started: the rootdir may lie elsewhere, and moves with the arguments."""
    told = getattr(config, "workerinput", {}).get(_DIRECTORY)
    return Path(told) if told else config.invocation_params.dir


def progress_directory(config: pytest.Config) -> Path:
    """Return where workers of xdist leave how far they are: a name that a run makes up, and no directory until then."""
    told = getattr(config, "workerinput", {}).get(_PROGRESS)
    if told:
        return Path(told)
    name = f"robustcheck-progress-{os.getpid()}-{secrets.token_hex(8)}"
    return config.stash.setdefault(_progress, Path(tempfile.gettempdir()) / name)


def tell_worker(workerinput: dict[str, object], config: pytest.Config) -> None:
    """Tell a worker of xdist where pytest was started, and where to leave how far it is."""
    workerinput[_DIRECTORY] = str(invocation_directory(config))
    workerinput[_PROGRESS] = str(progress_directory(config))
