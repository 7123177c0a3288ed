"""Write a report's files so that a reader never sees half of one."""

from __future__ import annotations

from pathlib import Path

from robustcheck.disk import write_atomically
from robustcheck.report.causes import causes
from robustcheck.report.markdown import summary_markdown
from robustcheck.report.runfile import RUN_FILE, dump_run
from robustcheck.values import RunRecord

_WHAT = "the report"


def write_report(run: RunRecord, directory: Path) -> Path:
    """Write ``run.json``, ``summary.md`` and ``index.html`` to a directory; return the page's path."""
    # Jinja is imported here: reading a record or printing annotations does not need it.
    from robustcheck.report.html import render_html

    # The record first: should drawing fail, the results are kept.
    write_atomically(directory / RUN_FILE, dump_run(run), what=_WHAT)
    found = causes(run.results)
    write_atomically(directory / "summary.md", _encoded(summary_markdown(run, found)), what=_WHAT)
    target = directory / "index.html"
    write_atomically(target, _encoded(render_html(run, found)), what=_WHAT)
    return target


def _encoded(text: str) -> bytes:
    # A path that is not UTF-8 stands in Python's texts as halves of surrogate pairs.
    return text.encode("utf-8", "backslashreplace")
