"""Where a run writes: made sure of before anything is measured, not found out after."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from robustcheck.errors import SetupError
from robustcheck.history.kept_files import open_home
from robustcheck.run.settings import RunSettings
from robustcheck.store import Storage, is_url, open_storage, open_store

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def refuse_unwritable(settings: RunSettings, environ: Mapping[str, str]) -> None:
    """Raise SetupError for the first place of a run that cannot be written.

    A store that is there and read-only will do: what is judged from it need not be kept.
    """
    _refuse_directory(settings.reports, "the reports", "--robust-report DIR")
    if is_url(settings.measure.store):
        _refuse_bucket(open_storage(settings.measure.store))
    elif not Path(settings.measure.store).is_dir():
        _refuse_directory(Path(settings.measure.store), "the store", "--robust-store DIR")
    open_store(settings.measure.store)
    # Whether a home can be written is not asked: a run on somebody's branch may read baselines that it must not change.
    open_home(settings.home).require_reachable()
    if summary := environ.get(STEP_SUMMARY):
        _refuse_file(Path(summary))


def _refuse_directory(directory: Path, what: str, option: str) -> None:
    nearest = _nearest(directory)
    if not os.path.isdir(nearest):
        raise SetupError(f"{what} cannot be written: {nearest} is not a directory", fix=f"name another: {option}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SetupError(f"{what} cannot be written: {nearest} is read-only", fix=f"name another: {option}")


def _refuse_bucket(storage: Storage) -> None:
    storage.require_reachable()
    if storage.is_read_only and not storage.directories():
        raise SetupError(
            f"the store cannot be written: {storage.place('')} is read-only and holds nothing",
            fix="name another: --robust-store DIR",
        )


def _refuse_file(path: Path) -> None:
    if os.path.isdir(path) or not os.path.isdir(path.parent) or not os.access(_nearest(path), os.W_OK):
        raise SetupError(
            f"the step summary {path} cannot be written",
            where=f"${STEP_SUMMARY}",
            expected="a file in a directory that can be written",
            fix=f"correct the variable, or unset it: env -u {STEP_SUMMARY} pytest ...",
        )


def _nearest(path: Path) -> Path:
    """Return the path itself, or its nearest ancestor that exists."""
    return next((place for place in (path, *path.parents) if os.path.lexists(place)), Path("/"))
