"""The results as columns, for the page's table of all results, its details and what can be downloaded."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from robustcheck.report.rows import COLUMN_TYPES, COLUMNS, result_rows
from robustcheck.report.words import is_extrapolated, judged_model, kind_of, measured
from robustcheck.values import Result, RunRecord

# Six digits are more than a figure of any image set can have.
_DIGITS = 6
# Signs for the model of a result in the commands that all results of a check share: as judged, and as the suite has it.
_MODEL, _TEXT = "\x02", "\x03"
_TYPES = {str: "text", float: "double", int: "int64", bool: "boolean"}


def packed_results(run: RunRecord, places: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return checks, models, and the table that ``export-results`` writes; ``places`` numbers the page's checks."""
    checks: dict[tuple[str, str], Result] = {}
    for result in run.results:
        checks.setdefault((result.suite, result.check_key), result)
    models, of_models = _distinct((judged_model(result), result.model.text) for result in run.results)
    _, of_checks = _distinct((result.suite, result.check_key) for result in run.results)
    return {
        "checks": [_check(result, places.get(key, -1)) for key, result in checks.items()],
        "models": [{"id": name, "text": text} for name, text in models],
        "columns": {
            "check": of_checks,
            "model": of_models,
            "kind": [kind_of(result.verdict) for result in run.results],
            "extrapolated": [int(is_extrapolated(result.verdict)) for result in run.results],
        },
        "table": _table(run),
    }


def _check(result: Result, place: int) -> dict[str, Any]:
    return {
        "place": place,
        "sentence": result.sentence,
        "measured": measured(result),
        "position": str(result.position),
    }


def _table(run: RunRecord) -> list[dict[str, Any]]:
    rows = [{**row, "rerun": _pattern(result)} for row, result in zip(result_rows(run), run.results, strict=True)]
    return [_column(name, [row[name] for row in rows]) for name in COLUMNS]


def _column(name: str, values: list[Any]) -> dict[str, Any]:
    of = COLUMN_TYPES.get(name, str)
    column: dict[str, Any] = {"name": name, "type": _TYPES[of]}
    if of is str:
        texts, at = _distinct(values)
        return {**column, "texts": texts, "at": at}
    return {**column, "values": [_number(value) if of is float else value for value in values]}


def _distinct(values: Iterable[Hashable]) -> tuple[Sequence[Any], list[int]]:
    """Return the values, each once, and the place of each among them."""
    places: dict[Hashable, int] = {}
    at = [places.setdefault(value, len(places)) for value in values]
    return list(places), at


def _pattern(result: Result) -> str | None:
    """Write the command that judges a result again with signs for its model, as the text of many results."""
    pattern = result.rerun.replace(result.model.text, _TEXT) if result.model.text else result.rerun
    name = judged_model(result)
    return (pattern.replace(name, _MODEL) if name else pattern) or None


def _number(value: float | None) -> float | str | None:
    """Round a number; JSON has no infinity and no NaN, so that they are texts which the page's script reads."""
    if value is None:
        return None
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return float(f"{value:.{_DIGITS}g}")
