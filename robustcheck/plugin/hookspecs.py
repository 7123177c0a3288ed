"""The hooks that robustcheck calls in other plugins and in conftest.py; this module imports nothing but pytest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from robustcheck.values import RunRecord


def pytest_robustcheck_run_finished(config: pytest.Config, run: RunRecord, report: Path) -> None:
    """Take in a run that has finished: its record, and the directory of its report, which is written.

    Called once for a run that had checks, in the process that writes the report (with pytest-xdist the controller).
    """
