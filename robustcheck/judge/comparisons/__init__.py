"""What each kind of expectation compares: one module a kind, found by the kind's name.

The module `compare_<kind>` holds a function of the same name, ``(expect, warn, case) -> Comparison``; of a kind
about groups, ``-> GroupComparison``. Only the comparisons of the kinds in use are loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from robustcheck.judge.case import Case, Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison


def compare_model(case: Case) -> Comparison:
    """Compare a model with what its check expects."""
    comparison: Comparison = _compare(case)
    return comparison


def compare_groups(case: GroupCase) -> GroupComparison:
    """Compare groups of models with what their check expects."""
    comparison: GroupComparison = _compare(case)
    return comparison


def _compare(case: Case | GroupCase) -> Any:
    check = case.planned.check
    name = f"compare_{check.expect.kind}"
    return getattr(import_module(f"{__name__}.{name}"), name)(check.expect, check.warn, case)
