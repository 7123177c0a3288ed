"""Where a run writes is made sure of first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robustcheck.errors import SetupError
from robustcheck.measure import MeasureSettings
from robustcheck.run.settings import RunSettings
from robustcheck.run.writable import refuse_unwritable


def settings(directory: Path) -> RunSettings:
    return RunSettings(MeasureSettings(directory / "store"), directory / "baselines", directory / "reports")


def test_a_read_only_directory_is_named_with_the_option_that_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A superuser may write everywhere, so the answer of the system is told.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(SetupError) as caught:
        refuse_unwritable(settings(tmp_path), {})
    assert caught.value.found == f"the reports cannot be written: {tmp_path} is read-only"
    assert caught.value.fix == "name another: --robust-report DIR"


def test_places_that_are_not_there_yet_can_be_made(tmp_path: Path) -> None:
    refuse_unwritable(settings(tmp_path), {"GITHUB_STEP_SUMMARY": str(tmp_path / "step.md")})
    assert list(tmp_path.iterdir()) == []
