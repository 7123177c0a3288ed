"""Tell MLflow of a finished run; MLFLOW_TRACKING_URI says where it is."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest

from robustcheck.values import RunRecord


@pytest.hookimpl(optionalhook=True)
def pytest_robustcheck_run_finished(config: pytest.Config, run: RunRecord, report: Path) -> None:
    """Log the value and the margin of each check, the counts, and the report."""
    mlflow.set_experiment("robustcheck")
    with mlflow.start_run(run_name=run.id):
        mlflow.set_tag("command", run.command)
        mlflow.log_metrics({f"count/{status}": number for status, number in run.counts().items()})
        for result in run.results:
            verdict, name = result.verdict, f"{result.check_id}/{result.model.id}"
            numbers = {"value": verdict.value, "margin": verdict.margin}
            mlflow.log_metrics({f"{name}/{key}": number for key, number in numbers.items() if number is not None})
        mlflow.log_artifacts(str(report), "report")
