"""The units of limits as rules of the JSON Schema: 45% for a level, 2.0pp for a difference, else a bare number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from robustcheck.spec.named_schema import VARIABLE, metric_is
from robustcheck.spec.names import KnownNames
from robustcheck.values.expectations import KINDS, Expectation, Limit

Node = dict[str, Any]

_DIGITS = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_SHARE = r"(100(\.0*)?|[0-9]{1,2}(\.[0-9]*)?|\.[0-9]+|[0-9]+\.?[0-9]*[eE][+-]?[0-9]+)"
_PERCENT = rf"^\s*\+?{_SHARE}\s*%\s*$"
_ANY_PERCENT = rf"^\s*[+-]?{_DIGITS}\s*%\s*$"
_POINTS = rf"^\s*\+?{_DIGITS}\s*pp\s*$"
_BARE = rf"^\s*[+-]?{_DIGITS}\s*$"


_END = Limit("x_range", "level", 1)
Scales = tuple[tuple[str, list[str], str], ...]


def unit_rules(names: KnownNames) -> list[Node]:
    """Return the rules of a check: what its metric is decides how its limits are written."""
    scales: Scales = (
        (
            "level in per cent",
            [m for m, unit in names.metrics.items() if unit and m not in names.value_ranges],
            _PERCENT,
        ),
        (
            "level beyond 100%",
            [m for m, unit in names.metrics.items() if unit and m in names.value_ranges],
            _ANY_PERCENT,
        ),
        ("without a unit", [m for m, unit in names.metrics.items() if not unit], ""),
    )
    rules = [
        {"if": {"properties": {"measure": metric_is(metrics)}, "required": ["measure"]}, "then": _limits(level)}
        for _, metrics, level in scales
        if metrics
    ]
    return [*rules, *_range_rules(scales), *_warn_rules(), *_like_measured_rules(names)]


def _like_measured_rules(names: KnownNames) -> Iterator[Node]:
    """Yield for each kind of value, a unit and a good side, what it can be compared with."""
    keys = {kind: each.like_measured for kind, each in KINDS.items() if each.like_measured}
    alike: dict[tuple[bool, bool], list[str]] = {}
    for metric, unit in sorted(names.metrics.items()):
        alike.setdefault((unit == "%", metric in names.lower_is_better), []).append(metric)
    for metrics in alike.values():
        other = {"properties": {"metric": {"anyOf": [{"enum": metrics}, VARIABLE]}}}
        kinds = {kind: {"properties": {key: other}} for kind, key in keys.items()}
        then = {"properties": {"expect": {"properties": kinds}}}
        yield {"if": {"properties": {"measure": metric_is(metrics)}, "required": ["measure"]}, "then": then}


def _warn_rules() -> Iterator[Node]:
    """Yield for each kind of expectation which keys a warning of it has."""
    for kind, expectation in KINDS.items():
        keys = [limit.key for limit in expectation.limits]
        then: Node = {"properties": {"warn": {"propertyNames": {"enum": keys}}}}
        yield {"if": {"required": ["expect"], "properties": {"expect": {"required": [kind]}}}, "then": then}


def _range_rules(scales: Scales) -> Iterator[Node]:
    """Yield for each scale how the ends of ``x_range`` are written."""
    kinds = [kind for kind, each in KINDS.items() if {"x_range", "against"} <= each.model_fields.keys()]
    for _, metrics, level in scales:
        then: Node = {"properties": {"x_range": {"items": _amount(_END, level)}}}
        rule = {"if": {"properties": {"against": metric_is(metrics)}, "required": ["against"]}, "then": then}
        if metrics:
            yield {"properties": {"expect": {"properties": dict.fromkeys(kinds, rule)}}}


def _limits(level: str) -> Node:
    kinds = {kind: _kind(expectation, level) for kind, expectation in KINDS.items()}
    return {
        "properties": {"expect": {"properties": kinds}},
        "allOf": [
            {"if": {"properties": {"expect": {"required": [kind]}}}, "then": {"properties": {"warn": node}}}
            for kind, node in kinds.items()
            if node
        ],
    }


def _kind(expectation: type[Expectation], level: str) -> Node:
    limits = {limit.key: _amount(limit, level) for limit in expectation.limits if limit.role in ("level", "tolerance")}
    if not limits:
        return {}
    node: Node = {"properties": limits}
    short = [limits[key] for key in expectation.shorthand if key in limits]
    if short:
        node |= {"if": {"type": ["string", "number"]}, "then": short[0], "items": short[0]}
    return node


def _amount(limit: Limit, level: str) -> Node:
    if not level:
        least = {"minimum": 0} if limit.role == "tolerance" else {}
        number = {"type": "number"} | least
        return {"anyOf": [number, {"type": "string", "pattern": _BARE}, VARIABLE]}
    return {"anyOf": [{"type": "string", "pattern": _POINTS if limit.role == "tolerance" else level}, VARIABLE]}
