"""The last lines of a run in the terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

import pytest

from robustcheck.plugin.guest import unread_suites
from robustcheck.plugin.pytest_run import Run
from robustcheck.printing import one_line, printable
from robustcheck.run.closing import Finished
from robustcheck.values import DEFECTS, PAIRING_REMARK, SURE, TAUGHT, Status

# What the terminal says before a doubt about the data, the outputs, what an adapter learnt from, and what is asked.
_LEADS = {
    DEFECTS: "not all of a set",
    PAIRING_REMARK: "outputs and classes",
    TAUGHT: "not a fair score",
    SURE: "not a question",
}
_PROBLEM = re.compile(r"^\S*\.robust\.yaml:\d+:\d+: .*$", re.MULTILINE)


def print_summary(terminal: pytest.TerminalReporter, run: Run, failures: Sequence[str]) -> None:
    """Print a digest of broken suites and, when anything was judged or tried, the counts and the report.

    ``failures`` are lines about failures that are too many to be written out.
    """
    digest = list(_digest(terminal))
    if digest:
        terminal.section("mistakes in suites", sep="-")
        for line in digest:
            terminal.line(printable(line))
    finished, unmatched = run.finished, list(dict.fromkeys(run.unmatched))
    if finished is None and not unmatched:
        return
    terminal.section("robustcheck", sep="-")
    if finished is not None:
        for line in (_counts(finished), *failures, *finished.closing_lines):
            terminal.line(printable(line))
    for path in unmatched:
        terminal.line(f"{one_line(path)} is meant for none of these models", yellow=True)
    if finished is not None:
        _print_files(terminal, finished)


def _print_files(terminal: pytest.TerminalReporter, finished: Finished) -> None:
    if finished.run.previous is None:
        terminal.line("no earlier run of these suites and models to compare with")
    if not finished.judged:
        terminal.line("no check was judged: a run without data is not green", red=True)
    for lead, text in _doubts(finished):
        terminal.line(printable(f"{lead}: {text}"), yellow=True)
    for model in finished.unjudged:
        text = f"no check gave a verdict on {one_line(model)}: a run without a look at its model is not green"
        terminal.line(text, red=True)
    for line in finished.annotations:
        terminal.line(line)
    for trouble in finished.troubles:
        terminal.line(printable(trouble), red=True)
    if finished.page is not None:
        terminal.line(f"report: {one_line(os.path.relpath(finished.page))}")


def _doubts(finished: Finished) -> list[tuple[str, str]]:
    """Return what of data or outputs makes a pass a warning, once for all checks that rest on it."""
    pairs = [pair for result in finished.run.results if result.score is not None for pair in result.score.provenance]
    return [(_LEADS[name], text) for name, text in dict.fromkeys(pairs) if name in _LEADS]


def _counts(finished: Finished) -> str:
    run = finished.run
    counts = run.counts()
    words: dict[Status, str] = {
        "fail": "failed",
        "error": "error" if counts["error"] == 1 else "errors",
        "unsure": "unsure",
        "warn": "warned",
        "skip": "skipped",
        "pass": "passed",
    }
    parts = [f"{counts[status]} {word}" for status, word in words.items() if counts[status]]
    excused = sum(result.verdict.excused for result in run.results)
    if excused:
        parts[-1] += f" ({excused} by a known deviation)"
    judged, about = finished.judged, finished.judged_candidates
    parts += [f"{about} of {judged} verdicts about the models of this run"] if about < judged else []
    parts += [f"{len(run.not_run)} not run"] if run.not_run else []
    deselected = sum(suite.deselected for suite in run.suites)
    parts += [f"{deselected} not meant for these models"] if deselected else []
    parts += [f"{len(run.changes)} changed since {run.previous} (of {run.compared} in both)"] if run.previous else []
    return ", ".join(parts)


def ends_at_mistakes(config: pytest.Config) -> bool:
    """Say whether a suite has mistakes, and the run was not told to go on with the others."""
    return bool(config.stash[unread_suites]) and not config.option.continue_on_collection_errors


def _digest(terminal: pytest.TerminalReporter) -> Iterator[str]:
    for report in terminal.getreports("error"):
        if isinstance(report, pytest.CollectReport):
            yield from _PROBLEM.findall(report.longreprtext)
