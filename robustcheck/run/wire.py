"""Results as JSON text: how a worker's verdicts reach the process that writes the report."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter

from robustcheck.files.json_files import dump_json
from robustcheck.values import Result, Score, TrendFigure


def dump_result(result: Result) -> str:
    """Write what the report needs of a result."""
    return dump_json(_results().dump_python(light_result(result))).decode()


def light_result(result: Result) -> Result:
    """Return a result without its per-sample scores and what its intervals were read from, which stay in the store."""
    further = tuple(replace(score, samples=None) for score in result.further)
    return replace(result, score=_without_samples(result.score), x=_without_samples(result.x), further=further)


def load_result(text: str) -> Result:
    """Read what ``dump_result`` wrote."""
    return _results().validate_json(text)


def dump_figure(figure: TrendFigure) -> str:
    """Write a trend plot's numbers."""
    return dump_json(_figures().dump_python(figure)).decode()


def load_figure(text: str) -> TrendFigure:
    """Read what ``dump_figure`` wrote."""
    return _figures().validate_json(text)


def _without_samples(score: Score | None) -> Score | None:
    return None if score is None else replace(score, samples=None, sureness=None)


@cache
def _results() -> TypeAdapter[Result]:
    return TypeAdapter(Result)


@cache
def _figures() -> TypeAdapter[TrendFigure]:
    return TypeAdapter(TrendFigure)
