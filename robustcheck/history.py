"""What changed since the previous run of the same suites."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from robustcheck.errors import RecordError
from robustcheck.records import Change, Result, RunRecord
from robustcheck.report import load_run


def previous_run(reports: Path, suites: Iterable[str]) -> RunRecord | None:
    """Return the newest run under ``reports`` that judged any of these suites."""
    wanted = set(suites)
    for path in sorted(reports.glob("*/run.json"), reverse=True):
        try:
            run = load_run(path)
        except RecordError:
            continue
        if wanted & {result.suite for result in run.results}:
            return run
    return None


def changes_since(previous: RunRecord | None, results: Sequence[Result]) -> tuple[Change, ...]:
    """Return every (check, model) whose status is not what it was."""
    if previous is None:
        return ()
    before = {_key(result): result.verdict.status for result in previous.results}
    return tuple(
        Change(result.check_key, result.model.id, before[_key(result)], result.verdict.status)
        for result in results
        if _key(result) in before and before[_key(result)] != result.verdict.status
    )


def _key(result: Result) -> tuple[str, str, str]:
    return result.suite, result.check_key, result.model.id
