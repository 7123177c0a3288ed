"""What the terminal says at the end of a run: the answer, and one line for each data set that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from robustcheck.report.answer import answer
from robustcheck.report.missing import skipped, skips_said
from robustcheck.values import RunRecord

MOST_SKIPS = 30


def closing_lines(run: RunRecord) -> Iterator[str]:
    """Yield the answer for the candidates, then what was skipped and what it would decide."""
    head = answer(run)
    yield " ".join(filter(None, (f"{head.text}.", head.detail, *head.remarks)))
    found = skipped(run.results)
    if not found:
        return
    yield skips_said(found)
    yield from (f"  {one.name}: {one.decides}" for one in found[:MOST_SKIPS])
    if len(found) > MOST_SKIPS:
        yield f"  and {len(found) - MOST_SKIPS:,} more in the report"
    if any(one.dataset for one in found):
        yield "  put each under a --robust-data directory or name it in datasets.local.yaml; the report says where"
