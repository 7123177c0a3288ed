"""Expand suites and models into planned checks, and find the cells they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from robustcheck.measure import cells_of_options
from robustcheck.values import Cell, ModelRef
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import GroupExpectation

FAMILY_ALPHA = 0.05
GROUPS_ID = "models"

_Pair = tuple[Check, ModelRef, tuple[Cell, ...]]
Resolve = Callable[[str], ModelRef]
AppliesTo = Callable[[Check, ModelRef], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """The items of one suite; ``deselected`` counts pairs that are left out.

    They are those that a check's ``applies_to`` does not mean, and a model with a check that holds it against itself.
    """

    items: tuple[PlannedCheck, ...]
    deselected: int


def plan_suite(suite: Suite, models: Sequence[ModelRef], applies_to: AppliesTo, resolve: Resolve) -> Plan:
    """Pair every check with every model that it is meant for; a check about groups is one item over all of them.

    The false-alarm level of a model's checks is Bonferroni's: 0.05 over the checks of the suite that
    apply to it; likewise over the checks about groups. It is known at collection, so it is the same
    whatever is selected later.
    """
    meant = [(check, [model for model in models if applies_to(check, model)]) for check in suite.checks]
    pairs = [pair for check, chosen in meant for pair in _pairs(check, chosen, resolve)]
    per_model = Counter(model.id for _, model, _ in pairs)
    items = tuple(
        PlannedCheck(suite, check, model, cells, FAMILY_ALPHA / per_model[model.id]) for check, model, cells in pairs
    )
    possible = sum(1 if check.is_about_groups else len(models) for check in suite.checks)
    return Plan(items, possible - len(items))


def _pairs(check: Check, models: Sequence[ModelRef], resolve: Resolve) -> list[_Pair]:
    """Return the items of a check, each with the cells it needs; without models there is none."""
    if not check.is_about_groups:
        compared = [(model, _others(check, model, resolve)) for model in models]
        meant = [pair for pair in compared if not _is_against_itself(check, *pair, resolve)]
        return [(check, model, (*_cells(check, model, resolve), *others)) for model, others in meant]
    if check.group_expectation.populations:
        return [(check, _stand_in(check.group_expectation), ())]
    quantities = [quantity for quantity in check.quantities if quantity is not None]
    cells = tuple(dict.fromkeys(Cell(model, quantity) for model in models for quantity in quantities))
    return [(check, _stand_in(check.group_expectation), cells)] if models else []


def _stand_in(expect: GroupExpectation) -> ModelRef:
    """Return what stands in the place of a model: one id for all checks about groups, the groups in words."""
    return ModelRef(GROUPS_ID, expect.words, "group", "")


def _cells(check: Check, model: ModelRef, resolve: Resolve) -> tuple[Cell, ...]:
    """Return the model's own cell, then the one it is compared with, where that is measured too."""
    own, reference = Cell(model, check.quantity), check.expect.needs.model
    if check.other_quantity is not None:
        return own, *(Cell(model, each) for each in (check.other_quantity, *check.further_quantities))
    return (own,) if reference is None else (own, Cell(resolve(reference), check.quantity))


def _is_against_itself(check: Check, model: ModelRef, others: tuple[Cell, ...], resolve: Resolve) -> bool:
    """Say whether the model that a check holds another against is that one: what it does would decide nothing."""
    reference = check.expect.needs.model
    if reference is not None and resolve(reference).identity == model.identity:
        return True
    return bool(others) and all(other.model.identity == model.identity for other in others)


def _others(check: Check, model: ModelRef, resolve: Resolve) -> tuple[Cell, ...]:
    """Return the cells of the models that the metric's options name."""
    return cells_of_options(Cell(model, check.quantity), resolve)
