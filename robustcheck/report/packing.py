"""The results as columns, for the page's table of all results, its details and its CSV file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from robustcheck.report.words import is_extrapolated, judged_model, kind_of, measured
from robustcheck.values import Result

# Six digits are more than a figure of any image set can have.
_DIGITS = 6
_NUMBERS = ("value", "compared", "low", "high", "limit", "margin", "expected", "n")
# Signs for the node id and the model of a result in the texts that all results of a check share.
_NODEID, _MODEL, _TEXT = "\x01", "\x02", "\x03"


def packed_results(results: Iterable[Result], places: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return checks, models and one column for each field; ``places`` numbers the checks over the whole page."""
    listed = list(results)
    checks: dict[tuple[str, str], Result] = {}
    for result in listed:
        checks.setdefault((result.suite, result.check_key), result)
    models = {judged_model(result): result for result in listed}
    keys, names = list(checks), list(models)
    numbers = {key: place for place, key in enumerate(keys)}
    places_of = {name: place for place, name in enumerate(names)}
    return {
        "checks": [_check(result, places.get(key, -1)) for key, result in checks.items()],
        "models": [{"id": name, "text": result.model.text} for name, result in models.items()],
        "columns": {
            "check": [numbers[result.suite, result.check_key] for result in listed],
            "model": [places_of[judged_model(result)] for result in listed],
            "kind": [kind_of(result.verdict) for result in listed],
            **{name: [_number(getattr(result.verdict, name)) for result in listed] for name in _NUMBERS},
            "evidence": [result.score.evidence if result.score else "" for result in listed],
            "extrapolated": [int(is_extrapolated(result.verdict)) for result in listed],
        },
    }


def _check(result: Result, place: int) -> dict[str, Any]:
    nodeid = result.nodeid.replace(result.model.id, _MODEL)
    return {
        "place": place,
        "suite": result.suite,
        "key": result.check_key,
        "title": result.title,
        "sentence": result.sentence,
        "measured": measured(result),
        "position": str(result.position),
        "unit": result.verdict.unit,
        "nodeid": nodeid,
        "rerun": _pattern(result),
    }


def _pattern(result: Result) -> str:
    pattern = result.rerun.replace(result.nodeid, _NODEID)
    return pattern.replace(result.model.text, _TEXT) if result.model.text else pattern


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")
