"""The report of a run: a page for people, a record for programs, a summary for CI."""

from robustcheck.report.markdown import github_annotations
from robustcheck.report.runfile import load_run
from robustcheck.report.write import write_report

# A module that imports this name cannot also have the __future__ feature of the same name under mypy.
annotations = github_annotations

__all__ = ["annotations", "github_annotations", "load_run", "write_report"]
