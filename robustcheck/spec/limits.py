"""The limits of an expectation as the author wrote them: whether a warning tightens them, on which side they bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from robustcheck.spec.names import KnownNames
from robustcheck.spec.source import Loc
from robustcheck.values import Amount, Quantity
from robustcheck.values.expectations import KINDS, Expectation, Limit


@dataclass(frozen=True, slots=True)
class WrittenLimit:
    """A limit as the author wrote it, and where."""

    limit: Limit
    value: object
    loc: Loc


def find_written_limits(kind: str, written: object, loc: Loc) -> list[WrittenLimit]:
    """Find the limits in an expectation as written, in short or long form."""
    mapping = KINDS[kind].long_form(written)
    if not isinstance(mapping, dict):
        return []
    found = []
    for index, limit in enumerate(KINDS[kind].limits):
        if limit.key in mapping:
            place = (*loc, limit.key) if isinstance(written, dict) else (*loc, index)
            found.append(WrittenLimit(limit, mapping[limit.key], place if isinstance(written, dict | list) else loc))
    return found


def find_looser_limits(expect: Expectation, warn: Expectation) -> list[Limit]:
    """Return the limits in which a warning asks less than the expectation."""
    return [limit for limit in expect.limits if _is_looser(limit, getattr(warn, limit.key), getattr(expect, limit.key))]


def doubt_side(quantity: Quantity, expect: Expectation, names: KnownNames) -> Iterator[str]:
    """Yield the doubt of a check that asks for worse values only: the better a model is, the sooner it fails."""
    levels = [limit for limit in expect.limits if limit.role == "level"]
    better: Literal[1, -1] = -1 if quantity.metric in names.lower_is_better else 1
    if (
        quantity.metric not in names.metrics
        or quantity.metric in names.either_side
        or not levels
        or any(limit.tighter == better for limit in levels)
    ):
        return
    written = getattr(expect, levels[0].key)
    side, other = ("lower", "at_most") if better < 0 else ("higher", "at_least")
    both = f"[{written}, ...]" if better < 0 else f"[..., {written}]"
    yield (
        f"{quantity.metric}: {side} is better, and {expect.kind}: {written} lets every model pass that is worse than "
        f"that. Write {other}, or between: {both} with the other end too if it is meant"
    )


def _is_looser(limit: Limit, warn: Amount | float | None, expect: Amount | float | None) -> bool:
    if isinstance(warn, Amount) and isinstance(expect, Amount):
        # Different units cannot be compared; that one of them is wrong is reported elsewhere.
        return warn.unit == expect.unit and limit.tighter * warn.value < limit.tighter * expect.value
    if isinstance(warn, float) and isinstance(expect, float):
        return limit.tighter * warn < limit.tighter * expect
    return False
