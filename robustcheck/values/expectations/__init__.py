"""The kinds of expectation: one frozen class each, shared by the language and the judge.

These pydantic models are the single source of the ``expect:`` part of the YAML language: the
validator, the JSON Schema and the reference page are generated from them.
"""

from __future__ import annotations

from typing import Any

from robustcheck.values.expectations.fields import AmountField, QuantityModel, number_text, parse_amount
from robustcheck.values.expectations.groups import (
    Correlates,
    GroupAbove,
    GroupExpectation,
    Improves,
    SameTrend,
    Steeper,
)
from robustcheck.values.expectations.single import (
    AtLeast,
    AtMost,
    Between,
    Expectation,
    NoWorseThan,
    OnTrend,
    Reproduces,
)

__all__ = [
    "KINDS",
    "AmountField",
    "AtLeast",
    "AtMost",
    "Between",
    "Correlates",
    "Expectation",
    "GroupAbove",
    "GroupExpectation",
    "Improves",
    "NoWorseThan",
    "OnTrend",
    "QuantityModel",
    "Reproduces",
    "SameTrend",
    "Steeper",
    "kind_of",
    "number_text",
    "parse_amount",
    "short_form",
]

KINDS: dict[str, type[Expectation]] = {
    "at_least": AtLeast,
    "at_most": AtMost,
    "between": Between,
    "on_trend": OnTrend,
    "no_worse_than": NoWorseThan,
    "reproduces": Reproduces,
    "group_above": GroupAbove,
    "correlates": Correlates,
    "steeper": Steeper,
    "same_trend": SameTrend,
    "improves": Improves,
}


def kind_of(expectation: Expectation) -> str:
    """Return the YAML key of an expectation."""
    return next(kind for kind, cls in KINDS.items() if type(expectation) is cls)


def short_form(value: Any) -> Any:
    """Let ``at_least: 45%`` stand for ``{limit: 45%}`` and ``between: [a, b]`` for ``{low, high}``."""
    if isinstance(value, list) and len(value) == 2:
        return {"low": value[0], "high": value[1]}
    return value if isinstance(value, dict) else {"limit": value}
