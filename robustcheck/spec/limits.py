"""Which keys of an expectation are limits, what unit each takes, and in which direction it tightens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from robustcheck.spec.source import Loc
from robustcheck.values import Amount
from robustcheck.values.expectations import Expectation, kind_of, short_form


@dataclass(frozen=True, slots=True)
class Limit:
    """A key that holds a limit: a level of the metric, a tolerance around one, a share, or a bare number.

    ``tighter`` is +1 where a larger number asks more of a model and -1 where a smaller one does.
    """

    key: str
    role: Literal["level", "tolerance", "share", "number"]
    tighter: Literal[1, -1]


LIMITS: dict[str, tuple[Limit, ...]] = {
    "at_least": (Limit("limit", "level", 1),),
    "at_most": (Limit("limit", "level", -1),),
    "between": (Limit("low", "level", 1), Limit("high", "level", -1)),
    "on_trend": (Limit("allowed_below", "tolerance", -1), Limit("within", "share", -1)),
    "no_worse_than": (Limit("allowed_drop", "tolerance", -1),),
    "reproduces": (Limit("within", "tolerance", -1),),
    "group_above": (Limit("margin", "tolerance", 1),),
    "correlates": (Limit("at_least", "number", 1), Limit("at_most", "number", -1)),
    "steeper": (Limit("margin", "number", 1),),
    "same_trend": (Limit("within", "tolerance", -1),),
    "improves": (Limit("margin", "tolerance", 1),),
}


@dataclass(frozen=True, slots=True)
class WrittenLimit:
    """A limit as the author wrote it, and where."""

    limit: Limit
    value: object
    loc: Loc


def long_form(kind: str, written: object) -> Any:
    """Return the mapping that a shorthand stands for; other values stay as they are."""
    keys = {limit.key for limit in LIMITS.get(kind, ())}
    is_pair = isinstance(written, list) and len(written) == 2
    if keys == {"low", "high"}:
        return short_form(written) if is_pair else written
    if keys == {"limit"} and isinstance(written, str | int | float) and not isinstance(written, bool):
        return short_form(written)
    return written


def written_limits(kind: str, written: object, loc: Loc) -> list[WrittenLimit]:
    """Find the limits in an expectation as written, in short or long form."""
    mapping = long_form(kind, written)
    if not isinstance(mapping, dict):
        return []
    found = []
    for index, limit in enumerate(LIMITS.get(kind, ())):
        if limit.key in mapping:
            place = (*loc, limit.key) if isinstance(written, dict) else (*loc, index)
            found.append(WrittenLimit(limit, mapping[limit.key], place if isinstance(written, dict | list) else loc))
    return found


def looser_limits(expect: Expectation, warn: Expectation) -> list[Limit]:
    """Return the limits in which a warning asks less than the expectation."""
    limits = LIMITS[kind_of(expect)]
    return [limit for limit in limits if _is_looser(limit, getattr(warn, limit.key), getattr(expect, limit.key))]


def _is_looser(limit: Limit, warn: Amount | float | None, expect: Amount | float | None) -> bool:
    if isinstance(warn, Amount) and isinstance(expect, Amount):
        # Different units cannot be compared; that one of them is wrong is reported elsewhere.
        return warn.unit == expect.unit and limit.tighter * warn.value < limit.tighter * expect.value
    if isinstance(warn, float) and isinstance(expect, float):
        return limit.tighter * warn < limit.tighter * expect
    return False
