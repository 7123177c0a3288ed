"""The metrics in words: unit, direction, which data sets they score, and their options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from robustcheck.measure import Metric, MetricOption, known_metrics, metric_named
from robustcheck.numerals import write_range

_ROOM = 130


def metrics_table(name: str, as_json: bool, console: Console) -> None:
    """Print every metric, or one with its options explained; raise SetupError for an unknown name."""
    chosen = [metric_named(name)] if name else list(known_metrics().values())
    if as_json:
        console.print_json(json.dumps([_as_json(metric) for metric in chosen]), ensure_ascii=True)
    elif name:
        _print_one(chosen[0], console)
    else:
        _print_all(chosen, console)


def _print_all(metrics: list[Metric], console: Console) -> None:
    # A narrow terminal would break every description into a column of single words.
    is_wide = console.width >= _ROOM
    table = Table(Column("metric", no_wrap=True), "unit", "better", "data sets for", "options", box=None)
    if is_wide:
        table.add_column("what it is")
    for metric in metrics:
        options = "\n".join(map(_with_default, metric.options))
        cells = [metric.name, _unit(metric), _better(metric), _data_sets(metric), options]
        table.add_row(*cells, *[metric.description] * is_wide)
    console.print(table)
    console.print(
        "robustcheck metrics NAME says what one is and explains its options; robustcheck datasets lists the sets"
    )


def _print_one(metric: Metric, console: Console) -> None:
    limit = "45%, and differences as 2.0pp" if metric.unit else "0.12"
    table = Table(box=None, show_header=False)
    for name, text in (
        ("metric", metric.name),
        ("what it is", metric.description),
        *((("formula", escape(metric.formula)),) if metric.formula else ()),
        *((("source", metric.source),) if metric.source else ()),
        ("better", _better(metric)),
        ("unit", f"{_unit(metric)}: limits are written {limit}"),
        ("range", _range(metric)),
        ("data sets for", _data_sets(metric)),
        ("samples", f"at least {metric.n_min}"),
    ):
        table.add_row(name, text)
    for option in metric.options:
        table.add_row(f"option {option.name}", "\n".join(_explained(option)))
    console.print(table)


def _range(metric: Metric) -> str:
    return write_range(metric.value_range, metric.unit) if isfinite(metric.value_range[0]) else "not bounded"


def _data_sets(metric: Metric) -> str:
    return ", ".join((*metric.tasks, *([metric.tasks_further] if metric.tasks_further else [])))


def _explained(option: MetricOption) -> Iterator[str]:
    yield option.description
    default = "; needed" if option.is_required else f"; default {option.default}" if option.default else ""
    yield f"{' | '.join(option.choices) or option.expected}{default}"


def _with_default(option: MetricOption) -> str:
    return f"{option.name}={option.default}" if option.default else option.name


def _unit(metric: Metric) -> str:
    return metric.unit or "none"


def _better(metric: Metric) -> str:
    if metric.either_side:
        return "either"
    return "higher" if metric.higher_is_better else "lower"


def _as_json(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "noun": metric.words,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "either_side": metric.either_side,
        "bounded": metric.bounded,
        "value_range": [end if isfinite(end) else None for end in metric.value_range],
        "description": metric.description,
        "formula": metric.formula,
        "source": metric.source,
        "tasks": list(metric.tasks),
        "tasks_further": metric.tasks_further,
        "least_samples": metric.n_min,
        "options": [
            {
                "name": option.name,
                "default": option.default,
                "sort": option.sort,
                "choices": list(option.choices),
                "expected": option.expected,
                "description": option.description,
            }
            for option in metric.options
        ],
    }
