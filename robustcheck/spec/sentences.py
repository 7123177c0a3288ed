"""One plain English sentence for each check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from robustcheck.expectations import (
    AtLeast,
    AtMost,
    Between,
    Expectation,
    NoWorseThan,
    OnTrend,
    Reproduces,
    kind_of,
)
from robustcheck.records import Amount, Quantity
from robustcheck.spec.limits import LIMITS


def write_sentence(quantity: Quantity, expect: Expectation, warn: Expectation | None = None) -> str:
    """Say in plain English what a check asserts."""
    sentence = f"{_SENTENCES[type(expect)](quantity.label, expect)}."
    return f"{sentence} {_warning(expect, warn)}" if warn else sentence


def _at_least(label: str, expect: AtLeast) -> str:
    return f"{label} is at least {expect.limit}"


def _at_most(label: str, expect: AtMost) -> str:
    return f"{label} is at most {expect.limit}"


def _between(label: str, expect: Between) -> str:
    return f"{label} lies between {expect.low} and {expect.high}"


def _on_trend(label: str, expect: OnTrend) -> str:
    if expect.within is None:
        place = f"at most {expect.allowed_below} below"
    else:
        place = f"inside the {_share(expect.within)} prediction band of"
    against = expect.against.quantity().label
    return f"{label} lies {place} the {expect.population} trend{_narrowed(expect)} against {against}{_fitted(expect)}"


def _narrowed(expect: OnTrend) -> str:
    facets = [f"{name} {_any_of(values)}" for name, values in expect.among.items()]
    return f" (among {', '.join(facets)})" if facets else ""


def _any_of(values: str | list[str]) -> str:
    return values if isinstance(values, str) else " or ".join(values)


def _fitted(expect: OnTrend) -> str:
    parts = [f"on {expect.axis} axes"] if expect.axis != "probit" else []
    if expect.x_range:
        parts.append(f"fitted where that lies between {expect.x_range[0]} and {expect.x_range[1]}")
    return "".join(f", {part}" for part in parts)


def _no_worse_than(label: str, expect: NoWorseThan) -> str:
    other = f"in the baseline {expect.baseline}" if expect.baseline else f"for the model {expect.model}"
    worse = "no worse" if expect.allowed_drop.value == 0 else f"at most {expect.allowed_drop} worse"
    return f"{label} is {worse} than {other}"


def _reproduces(label: str, expect: Reproduces) -> str:
    table = f" in {expect.population}" if expect.population else ""
    return f"{label}, measured live, lies within {expect.within} of the figure published{table}"


_SENTENCES: Mapping[type[Expectation], Callable[[str, Any], str]] = {
    AtLeast: _at_least,
    AtMost: _at_most,
    Between: _between,
    OnTrend: _on_trend,
    NoWorseThan: _no_worse_than,
    Reproduces: _reproduces,
}


def _warning(expect: Expectation, warn: Expectation) -> str:
    limits = [limit.key for limit in LIMITS[kind_of(expect)] if getattr(warn, limit.key) is not None]
    texts = [_limit(getattr(warn, key)) for key in limits if getattr(warn, key) != getattr(expect, key)]
    return f"It warns at {' and '.join(texts or [_limit(getattr(warn, limits[0]))])}."


def _limit(value: Amount | float) -> str:
    return str(value) if isinstance(value, Amount) else _share(value)


def _share(value: float) -> str:
    return f"{round(value * 100, 10):g}%"
