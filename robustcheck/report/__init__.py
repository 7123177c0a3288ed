"""The report of a run: a page for people, a record for programs, a summary for CI."""

from robustcheck.report.markdown import github_annotations
from robustcheck.report.runfile import load_run
from robustcheck.report.terminal import closing_lines
from robustcheck.report.write import write_report

__all__ = ["closing_lines", "github_annotations", "load_run", "write_report"]
