"""A run as a table: one row for each check and model, with plain values under fixed names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from robustcheck.values import Result, RunRecord

Row = dict[str, Any]

COLUMNS = (
    "run", "started", "suite", "check", "title", "tags", "model", "metric", "dataset", "slice", "transform", "prompts",
    "options", "status", "excused", "finding", "value", "low", "high", "n", "compared", "compared_low",
    "compared_high", "limit", "margin", "p_value", "detectable", "expected", "unit", "evidence", "source", "reason",
    "rerun",
)  # fmt: skip
_NUMBERS = (
    "value", "low", "high", "compared", "compared_low", "compared_high", "limit", "margin", "p_value", "detectable",
    "expected",
)  # fmt: skip
# What is not listed is text.
COLUMN_TYPES: Mapping[str, type] = {**dict.fromkeys(_NUMBERS, float), "n": int, "excused": bool}


def result_rows(run: RunRecord) -> Iterator[Row]:
    """Yield a row for each result: shares as fractions, what is not known as None."""
    for result in run.results:
        yield {"run": run.id, "started": run.started, **_about(result), **_judged(result)}


def _about(result: Result) -> Row:
    quantity = result.score.cell.quantity if result.score else result.quantity
    measured: Row = dict.fromkeys(("metric", "dataset", "slice", "transform", "prompts", "options"))
    if quantity is not None:
        measured |= {"metric": quantity.metric, "dataset": quantity.dataset, "transform": quantity.transform}
        measured |= {"prompts": quantity.prompts, "slice": _pairs(quantity.where), "options": _pairs(quantity.options)}
    model = result.model.text if result.is_about_groups else result.model.id
    return {
        "suite": result.suite,
        "check": result.check_key,
        "title": result.title,
        "tags": ",".join(result.tags),
        "model": model,
        **measured,
    }


def _judged(result: Result) -> Row:
    verdict, score = result.verdict, result.score
    return {
        "status": verdict.status,
        "excused": verdict.excused,
        "finding": result.finding or None,
        "value": verdict.value,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "n": verdict.n,
        "compared": verdict.compared,
        "compared_low": verdict.low,
        "compared_high": verdict.high,
        "limit": verdict.limit,
        "margin": verdict.margin,
        "p_value": verdict.p_value,
        "detectable": verdict.detectable,
        "expected": verdict.expected,
        "unit": verdict.unit or None,
        "evidence": score.evidence if score else None,
        "source": score.source if score else None,
        "reason": verdict.reason,
        "rerun": result.rerun or None,
    }


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str | None:
    return ";".join(f"{name}={value}" for name, value in pairs) or None
