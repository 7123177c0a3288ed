"""The report of a run: a page for people, a record for programs, a summary for CI."""

from robustcheck.report.markdown import github_annotations, summary_markdown
from robustcheck.report.runfile import dump_run, load_run, parse_run, runs_by_age
from robustcheck.report.terminal import closing_lines
from robustcheck.report.write_report import write_report

__all__ = [
    "closing_lines",
    "dump_run",
    "github_annotations",
    "load_run",
    "parse_run",
    "runs_by_age",
    "summary_markdown",
    "write_report",
]
