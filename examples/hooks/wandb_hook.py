"""Tell Weights & Biases of a finished run; WANDB_MODE=offline keeps it on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import wandb

from robustcheck.api import frame
from robustcheck.values import RunRecord


@pytest.hookimpl(optionalhook=True)
def pytest_robustcheck_run_finished(config: pytest.Config, run: RunRecord, report: Path) -> None:
    """Log the results as a table, the counts as a summary, and the page."""
    tracked = wandb.init(project="robustcheck", name=run.id, config={"command": run.command})
    tracked.summary.update({f"count/{status}": number for status, number in run.counts().items()})
    tracked.log({"results": wandb.Table(dataframe=frame(run))})
    tracked.log({"report": wandb.Html((report / "index.html").read_text(encoding="utf-8"))})
    tracked.finish()
