"""Results as JSON text: how a worker's verdicts reach the process that writes the report."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pydantic_core
from pydantic import TypeAdapter

from robustcheck.records import Result, Score, TrendFigure


def dump_result(result: Result) -> str:
    """Write a result without its per-sample scores, which stay in the store."""
    light = replace(result, score=_without_samples(result.score), x=_without_samples(result.x))
    return _dump(light)


def load_result(text: str) -> Result:
    """Read what ``dump_result`` wrote."""
    result: Result = _adapter(Result).validate_json(text)
    return result


def dump_figure(figure: TrendFigure) -> str:
    """Write a trend plot's numbers."""
    return _dump(figure)


def load_figure(text: str) -> TrendFigure:
    """Read what ``dump_figure`` wrote."""
    figure: TrendFigure = _adapter(TrendFigure).validate_json(text)
    return figure


def _dump(value: Result | TrendFigure) -> str:
    """Write plain JSON; infinities become strings, which the adapter reads back."""
    plain = _adapter(type(value)).dump_python(value)
    return pydantic_core.to_json(plain, inf_nan_mode="strings").decode()


def _without_samples(score: Score | None) -> Score | None:
    return None if score is None else replace(score, samples=None)


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
