"""One verdict of one comparison, or of two that both have to hold: the last step, and the drift since an origin."""

from __future__ import annotations

from dataclasses import dataclass

from robustcheck.judge.case import Comparison
from robustcheck.judge.significance import decide_with_warning, find_p_value
from robustcheck.stats.staged_levels import overall_p
from robustcheck.values import Pairs, Status

_WORST_FIRST: tuple[Status, ...] = ("fail", "unsure", "warn", "pass")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A status, the comparison that decided it and the level it was decided at; ``facts`` are about the other one.

    ``p_value`` is the smallest level of the whole check that makes it a fail.
    """

    status: Status
    comparison: Comparison
    alpha: float
    p_value: float
    facts: Pairs = ()


def decide_all(comparison: Comparison, alpha: float, stage: int | None = None) -> Status:
    """Return the status of a comparison, or of two the worse one, without the rest of what weighing says."""
    if comparison.drift is None:
        return decide_with_warning(comparison, alpha, stage)
    parts = (comparison, comparison.drift)
    return min((decide_with_warning(part, alpha / 2, stage) for part in parts), key=_WORST_FIRST.index)


def weigh(comparison: Comparison, alpha: float, stage: int | None = None) -> Weighed:
    """Decide a comparison at a level; of two each takes half of it, either fail is a fail, and a pass needs both.

    With a ``stage`` that is the level of all stages together.
    """
    if comparison.drift is None:
        p = overall_p(find_p_value(comparison.estimate, comparison.bounds), stage)
        return Weighed(decide_with_warning(comparison, alpha, stage), comparison, alpha, p)
    parts = (comparison, comparison.drift)
    statuses = [decide_with_warning(part, alpha / 2, stage) for part in parts]
    # By the union bound either p at most alpha / 2 is twice the smaller one at most alpha.
    p = min(1.0, 2 * min(overall_p(find_p_value(part.estimate, part.bounds), stage) for part in parts))
    first = min((0, 1), key=lambda place: _WORST_FIRST.index(statuses[place]))
    other = ("since the origin", "since the baseline")[first]
    said = ((other, f"{parts[1 - first].claim}: {statuses[1 - first]}"),)
    return Weighed(statuses[first], parts[first], alpha / 2, p, said)
