"""Checks that an earlier run judged and that its suites ask no more: a gate that shrinks says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from robustcheck.history.portable import Key, key_of
from robustcheck.values import Result, RunRecord


@dataclass(frozen=True, slots=True)
class GateChecks:
    """What the suites of a run ask, run or left out: the checks of each suite by its path, and each on its models.

    Paths count from ``root``, where the run was started.
    """

    checks: Mapping[str, frozenset[str]]
    items: frozenset[Key]
    root: str

    @property
    def models(self) -> frozenset[str]:
        """The models of the run."""
        return frozenset(model for _, _, model in self.items)


def dropped_checks(before: RunRecord, gate: GateChecks) -> tuple[str, ...]:
    """Return the keys of the checks that an earlier run of the same suites judged, and that are asked no more.

    A check that is there but no longer meant for a model of the run is one of them.
    """
    models = gate.models
    gone = (result.check_key for result in before.results if _is_dropped(result, before.root, gate, models))
    return tuple(dict.fromkeys(gone))


def _is_dropped(result: Result, root: str, gate: GateChecks, models: frozenset[str]) -> bool:
    suite, check, model = key = key_of(result, root)
    if suite not in gate.checks:
        # Another file, that was not asked for this time.
        return False
    if check not in gate.checks[suite]:
        return True
    return not result.is_about_groups and model in models and key not in gate.items
