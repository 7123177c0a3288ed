"""Tell trackio of a finished run; its dashboard is local."""

from __future__ import annotations

from pathlib import Path

import pytest
import trackio

from robustcheck.values import RunRecord


@pytest.hookimpl(optionalhook=True)
def pytest_robustcheck_run_finished(config: pytest.Config, run: RunRecord, report: Path) -> None:
    """Log the value of each check and the counts."""
    trackio.init(project="robustcheck", name=run.id, config={"command": run.command})
    values = {
        f"{result.check_id}/{result.model.id}": result.verdict.value
        for result in run.results
        if result.verdict.value is not None
    }
    trackio.log(values | {f"count/{status}": number for status, number in run.counts().items()})
    trackio.finish()
