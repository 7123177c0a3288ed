"""What the evidence says of a claim, held against what was expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from robustcheck.values import Finding, Status, Verdict
from robustcheck.values.checks import Check

_FINDINGS: Mapping[Status, Finding] = {"pass": "holds", "warn": "holds", "fail": "fails", "unsure": "open"}
_EXPECTED: Mapping[Finding, str] = {
    "holds": "the finding was expected to hold",
    "fails": "the finding was expected not to hold",
    "open": "the finding was expected to stay open",
}
_FOUND: Mapping[Finding, str] = {
    "holds": "on this evidence it holds",
    "fails": "on this evidence it does not",
    "open": "this evidence leaves it open",
}


class Conclusion(NamedTuple):
    """A verdict, and what its numbers say of the claim, whatever was expected."""

    verdict: Verdict
    finding: Finding


def derive_finding(status: Status) -> Finding:
    """Return what a status says of a claim, where the numbers alone decided it."""
    return _FINDINGS.get(status, "")


def hold_to_finding(verdict: Verdict, finding: Finding, check: Check) -> Verdict:
    """Let a check pass when its evidence says what it expects of the claim, and fail it when it does not."""
    fact = ("finding", f"{finding}; expected: {check.expect_finding}")
    if finding == check.expect_finding:
        status: Status = "warn" if verdict.status == "warn" else "pass"
        return replace(verdict, status=status, facts=(*verdict.facts, fact))
    said = f"{_EXPECTED[check.expect_finding]}; {_FOUND[finding]}: {verdict.reason}"
    return replace(verdict, status="fail", reason=said, facts=(*verdict.facts, fact))
