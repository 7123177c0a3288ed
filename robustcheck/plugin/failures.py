"""Failures in the terminal: a few in full, all of them by check in one line each.

pytest writes out every failure. Of a thousand models that fail one check that is some eighteen thousand lines, which
nobody reads; the report has them all. With ``-vv`` everything is written out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from robustcheck.listing import counted
from robustcheck.values import Result

# As many failures as fit one look; with more, the worst of each of so many checks.
FULL = 20
SHOWN_CHECKS = 5
LISTED_CHECKS = 15
_VERBOSE = 2
_OUTCOMES = ("failed", "error")


def forget_quiet_report(terminal: pytest.TerminalReporter, report: pytest.TestReport) -> None:
    """Take a report of setup or teardown that has nothing to show out of the terminal's statistics.

    For each failure pytest looks through all of them for what a teardown printed: n failures of n items, n^2 looks.
    They are in no count.
    """
    kept = terminal.stats.get("")
    if kept and kept[-1] is report and report.passed and not report.sections:
        kept.pop()


@dataclass(slots=True)
class FoldedFailures:
    """The failures of a run by check; those that are not written out are ``hidden`` while pytest writes."""

    results: Mapping[str, Result]
    lines: list[str] = field(default_factory=list)
    _hidden: dict[str, list[Any]] = field(default_factory=dict)

    def hide(self, terminal: pytest.TerminalReporter) -> None:
        """Take all but the worst failures out of the terminal's statistics, where there are many."""
        if terminal.verbosity >= _VERBOSE:
            return
        found = [report for outcome in _OUTCOMES for report in terminal.getreports(outcome) if self._is_ours(report)]
        if len(found) <= FULL:
            return
        checks = _by_check([self.results[report.nodeid] for report in found])
        shown = {worst.nodeid for worst, *_ in checks[:SHOWN_CHECKS]}
        self.lines = list(_lines(checks))
        for outcome in _OUTCOMES:
            reports = terminal.stats.get(outcome, [])
            self._hidden[outcome] = list(reports)
            reports[:] = [each for each in reports if not self._is_ours(each) or each.nodeid in shown]

    def show(self, terminal: pytest.TerminalReporter) -> None:
        """Put everything back, so that the counts are those of the run."""
        for outcome, reports in self._hidden.items():
            if reports:
                terminal.stats[outcome][:] = reports
        self._hidden.clear()

    def _is_ours(self, report: object) -> bool:
        return isinstance(report, pytest.TestReport) and report.nodeid in self.results


def _by_check(results: Sequence[Result]) -> list[list[Result]]:
    """Return the failures of each check, the worst first; the check with most of them first."""
    found: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        found[result.suite, result.check_key].append(result)
    return sorted((sorted(each, key=_severity) for each in found.values()), key=lambda each: -len(each))


def _severity(result: Result) -> tuple[bool, float]:
    """Order by margin, what has a number before what has none."""
    margin = result.verdict.margin
    return margin is None, 0.0 if margin is None else margin


def _lines(checks: Sequence[Sequence[Result]]) -> Iterator[str]:
    total = sum(map(len, checks))
    shown = min(SHOWN_CHECKS, len(checks))
    among = f"{total:,} failures and errors of {counted(len(checks), 'check')}"
    yield f"{among}; the worst of {shown} of them is written out above"
    for worst, *others in checks[:LISTED_CHECKS]:
        count = len(others) + 1
        models = counted(count, "model") if count > 1 else worst.model.id
        reason = worst.verdict.reason.splitlines()[0]
        yield f"  {worst.check_key}: {models}; {f'worst {worst.model.id}: ' if others else ''}{reason}"
    more = f"{counted(len(checks) - LISTED_CHECKS, 'more check')}; " if len(checks) > LISTED_CHECKS else ""
    yield f"  ({more}all of them: the report, or -vv)"
