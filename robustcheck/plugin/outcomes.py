"""The outcomes that pytest does not have: warned and unsure."""

from __future__ import annotations

import pytest

from robustcheck.plugin.run import result_of, robust_run

_SHOWN = {
    "warn": ("warned", "W", ("WARN", {"yellow": True})),
    "unsure": ("unsure", "U", ("UNSURE", {"yellow": True})),
}


def report_status(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the item's result and its status on its report, as plain text that survives xdist."""
    item.config.stash[robust_run].report_properties(item, report)
    if report.when == "call" and report.passed:
        result = result_of(report)
        if result is not None:
            report.robust_status = result.verdict.status  # type: ignore[attr-defined]


def teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Return category, letter and word of a warned or unsure report."""
    return _SHOWN.get(getattr(report, "robust_status", ""))
