"""Expand suites and models into planned checks, and find the cells they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from robustcheck.checks import Check, PlannedCheck, Suite
from robustcheck.expectations import NoWorseThan, OnTrend
from robustcheck.records import Cell, ModelRef

FAMILY_ALPHA = 0.05

Resolve = Callable[[str], ModelRef]
AppliesTo = Callable[[Check, ModelRef], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """The items of one suite; ``deselected`` counts pairs that a check's ``applies_to`` leaves out."""

    items: tuple[PlannedCheck, ...]
    deselected: int


def plan_suite(suite: Suite, models: Sequence[ModelRef], applies_to: AppliesTo, resolve: Resolve) -> Plan:
    """Pair every check with every model that it is meant for.

    The false-alarm level of a model's checks is Bonferroni's: 0.05 over the checks of the suite that
    apply to it. It is known at collection, so it is the same whatever is selected later.
    """
    pairs = [(check, model) for check in suite.checks for model in models if applies_to(check, model)]
    per_model = _count(model.id for _, model in pairs)
    items = tuple(
        PlannedCheck(suite, check, model, _cells(check, model, resolve), FAMILY_ALPHA / per_model[model.id])
        for check, model in pairs
    )
    return Plan(items, len(suite.checks) * len(models) - len(pairs))


def _cells(check: Check, model: ModelRef, resolve: Resolve) -> tuple[Cell, ...]:
    """Return the candidate's own cell, then the one it is compared with, if that is measured too."""
    own = Cell(model, check.quantity)
    if isinstance(check.expect, OnTrend):
        return own, Cell(model, check.expect.against.quantity(check.seed))
    if isinstance(check.expect, NoWorseThan) and check.expect.model is not None:
        return own, Cell(resolve(check.expect.model), check.quantity)
    return (own,)


def _count(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
