"""The report of a run: a page for people, a record for programs, a summary for CI."""

from __future__ import annotations

from robustcheck.report.markdown import annotations
from robustcheck.report.runfile import load_run
from robustcheck.report.write import write_report

__all__ = ["annotations", "load_run", "write_report"]
