"""What the terminal says at the end of a run: the answer, what warns or is unsure and why, what data is missing."""

from __future__ import annotations

from collections.abc import Iterator

from robustcheck.report.answer import answer
from robustcheck.report.missing import first_reason_line, skipped, skips_said
from robustcheck.report.words import WORDS, judged_model
from robustcheck.values import RunRecord, Status

MOST_SKIPS = 30
MOST_NAMED = 10


def closing_lines(run: RunRecord) -> Iterator[str]:
    """Yield the answer for the candidates, then what warns or is unsure, what was skipped and what it would decide."""
    head = answer(run)
    yield " ".join(filter(None, (f"{head.text}.", head.detail, *head.remarks)))
    yield from (notice.text for notice in run.notices if notice.loud)
    yield from _named(run, "warn")
    yield from _named(run, "unsure")
    yield from _skips(run)


def _named(run: RunRecord, status: Status) -> Iterator[str]:
    """Name each check of a status with its reason: nothing else of pytest's output does."""
    found, word = [result for result in run.results if result.verdict.status == status], WORDS[status].label
    for result in found[:MOST_NAMED]:
        yield f"  {word}: {result.check_key} on {judged_model(result)}: {first_reason_line(result.verdict.reason)}"
    if len(found) > MOST_NAMED:
        yield f"  and {len(found) - MOST_NAMED:,} more {word} in the report"


def _skips(run: RunRecord) -> Iterator[str]:
    found = skipped(run.results)
    if not found:
        return
    yield skips_said(found)
    yield from (f"  {one.name}: {one.decides}" for one in found[:MOST_SKIPS])
    if len(found) > MOST_SKIPS:
        yield f"  and {len(found) - MOST_SKIPS:,} more in the report"
    if any(one.dataset for one in found):
        yield "  put each under a --robust-data directory or name it in datasets.local.yaml; the report says where"
