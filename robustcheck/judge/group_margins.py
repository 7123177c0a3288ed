"""What the comparisons of groups share: an effect held against a margin, and the sizes of the groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from robustcheck.judge.case import Bounds, Comparison, Estimate
from robustcheck.judge.group_case import GroupCase, GroupComparison, ModelGroup
from robustcheck.stats.crossed_ways import Sure
from robustcheck.stats.differences import cut_to
from robustcheck.stats.model_families import Families
from robustcheck.values import Pairs
from robustcheck.values.expectations import ResidualExpectation


def estimate_effect(effect: Sure) -> Estimate:
    """Return an effect as an estimate."""
    return Estimate(effect.value, effect.interval, effect.error)


def compare_effect(
    effect: Sure, claim: str, expected: float, *, notes: tuple[str, ...] = (), facts: Pairs = ()
) -> Comparison:
    """Return an effect as a comparison without bounds; ``hold_to_margin`` adds them."""
    estimate = estimate_effect(effect)
    return Comparison(estimate, Bounds(), None, claim, in_points=True, expected=expected, notes=notes, facts=facts)


def hold_to_margin(
    comparison: Comparison,
    expect: ResidualExpectation,
    warn: ResidualExpectation | None,
    case: GroupCase,
    most: float = 1.0,
) -> Comparison:
    """Return the comparison with its bounds: better by a margin at least, or no further apart than counts as equal.

    ``most`` is how large the effect can be where values lie between 0 and 1.
    """
    warn_bounds, estimate = None if warn is None else _bounds(warn, case), comparison.estimate
    if case.bounded:
        estimate = replace(estimate, interval=cut_to(estimate.interval, -most, most))
    return replace(comparison, estimate=estimate, bounds=_bounds(expect, case), warn_bounds=warn_bounds)


def _bounds(expect: ResidualExpectation, case: GroupCase) -> Bounds:
    if expect.keeps is not None:
        # Two one-sided tests at alpha (Schuirmann 1987): both reject just when the interval of level 1 - 2 alpha
        # lies between the two bounds.
        return Bounds(low=-expect.keeps.value, high=expect.keeps.value)
    return Bounds(low=expect.margin.value) if case.higher_is_better else Bounds(high=-expect.margin.value)


def over_groups(comparison: Comparison, groups: Sequence[ModelGroup], unit: str) -> GroupComparison:
    """Return a comparison with how many models, and how many families, each group has."""
    ways = groups[0].ways
    told = ", ".join(f"{say_families(group.families, ways)} of {group.name}" for group in groups)
    comparison = replace(comparison, facts=(*comparison.facts, ("families", told)))
    families = tuple(group.families for group in groups)
    return GroupComparison(comparison, tuple(len(group.members) for group in groups), families, unit, ways=ways)


def say_families(families: Families, ways: Sequence[str]) -> str:
    """Say how many families there are; of cells ``6 crossings (3 encoder x 2 selector)``."""
    if not families.ways:
        return f"{families.count}"
    units = " x ".join(f"{units} {way}" for way, units in zip(ways, families.units, strict=True))
    return f"{families.count} crossings ({units})"


def describe_sizes(groups: Sequence[ModelGroup]) -> Pairs:
    """Return the fact that says how many models each group has."""
    return (("models", say_sizes(groups)),)


def say_sizes(groups: Sequence[ModelGroup], of: str = " of ") -> str:
    """Say how many models each group has: ``12 of source laion, 3 of source wit``."""
    return ", ".join(f"{len(group.members)}{of}{group.name}" for group in groups)
