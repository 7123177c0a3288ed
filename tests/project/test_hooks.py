"""The example hooks tell a tracker of a run: tried on stand-ins that write down what they are told."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from report_fixtures import made_up_run

from robustcheck.report import write_report

HOOKS = Path(__file__).parents[2] / "examples" / "hooks"


def tell(name: str, monkeypatch: pytest.MonkeyPatch, report: Path) -> Any:
    """Call the hook with a run of two models and one check; return the stand-in for the tracker."""
    tracker = MagicMock()
    monkeypatch.setitem(__import__("sys").modules, name, tracker)
    run = made_up_run(2, 1)
    write_report(run, report)
    hook = runpy.run_path(str(HOOKS / f"{name}_hook.py"))["pytest_robustcheck_run_finished"]
    hook(config=None, run=run, report=report)
    return tracker


def test_every_hook_is_tried_and_told() -> None:
    tried = {"mlflow", "wandb", "trackio"}
    assert {path.stem.removesuffix("_hook") for path in HOOKS.glob("*.py")} == tried
    assert all(f"`{name}_hook.py`" in (HOOKS / "README.md").read_text(encoding="utf-8") for name in tried)


def test_mlflow_gets_values_counts_and_the_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tracker = tell("mlflow", monkeypatch, tmp_path)
    logged = [call.args[0] for call in tracker.log_metrics.call_args_list]
    assert logged[0]["count/skip"] == 0
    results = made_up_run(2, 1).results
    for told, result in zip(logged[1:], results, strict=True):
        assert told[f"{result.check_id}/{result.model.id}/value"] == result.verdict.value
    tracker.log_artifacts.assert_called_once_with(str(tmp_path), "report")


def test_wandb_gets_a_table_and_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tracker = tell("wandb", monkeypatch, tmp_path)
    assert len(tracker.Table.call_args.kwargs["dataframe"]) == 2
    assert tracker.Html.call_args.args[0].startswith("<!doctype html>")
    tracker.init.return_value.finish.assert_called_once_with()


def test_trackio_gets_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tell("trackio", monkeypatch, tmp_path).log.call_args.args[0]
    first = made_up_run(2, 1).results[0]
    assert told[f"{first.check_id}/{first.model.id}"] == first.verdict.value
