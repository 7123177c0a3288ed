"""Write a report's files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from robustcheck.report.markdown import summary_markdown
from robustcheck.report.runfile import RUN_FILE, dump_run
from robustcheck.values import RunRecord


def write_report(run: RunRecord, directory: Path) -> Path:
    """Write ``run.json``, ``summary.md`` and ``index.html`` to a directory; return the page's path."""
    # Jinja is imported here: reading a record or printing annotations does not need it.
    from robustcheck.report.html import render_html

    directory.mkdir(parents=True, exist_ok=True)
    # The record first: should drawing fail, the results are kept.
    _replace(directory / RUN_FILE, dump_run(run))
    _replace(directory / "summary.md", summary_markdown(run).encode())
    target = directory / "index.html"
    _replace(target, render_html(run).encode())
    return target


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
