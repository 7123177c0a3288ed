"""The comparison of improves: what changed over matched pairs of models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from robustcheck.judge.case import Bounds, Comparison
from robustcheck.judge.group_case import GroupCase, GroupComparison
from robustcheck.judge.group_lines import describe_lines, note_extrapolation, note_weak_lines, say_extrapolated
from robustcheck.judge.group_margins import compare_effect, hold_to_margin, say_families, say_sizes
from robustcheck.judge.pair_claims import describe_pairs, estimate_share, estimate_worst_pair
from robustcheck.judge.wording import say_points, say_side, say_value
from robustcheck.numerals import write_p
from robustcheck.stats.compare import mcnemar_p
from robustcheck.stats.group_effects import matched_difference, matched_residual_difference
from robustcheck.stats.lines import Points, fit_line
from robustcheck.stats.model_families import cross_families
from robustcheck.stats.proportions import clopper_pearson_interval
from robustcheck.values import Pairs
from robustcheck.values.expectations import Improves


def compare_improves(expect: Improves, warn: Improves | None, case: GroupCase) -> GroupComparison:
    """Hold the change over matched pairs against a margin: the mean, every pair, or the share of better ones."""
    before, after = (_average_pairs(case, side) for side in ("before", "after"))
    if expect.share is not None:
        comparison = _compare_share(expect, warn, case, after.y - before.y)
    else:
        compare = _compare_every if expect.every else _compare_residuals if expect.by == "residual" else _compare_values
        comparison = compare(expect, case, before, after)
        # A distance from a line lies between -1 and 1, so its change between -2 and 2.
        comparison = hold_to_margin(comparison, expect, warn, case, most=2.0 if expect.by == "residual" else 1.0)
    ways = case.groups[0].ways
    told = f"{say_families(before.families, ways)} of pairs{_say_third(case)}"
    comparison = replace(comparison, facts=(*comparison.facts, ("families", told)))
    unit = case.unit if expect.share is None else "%"
    sizes, families = (len(case.pairs),), (before.families,)
    return GroupComparison(comparison, sizes, families, unit, "pairs", one_refutes=expect.every, ways=ways)


def _say_third(case: GroupCase) -> str:
    return "".join(f", {say_families(group.families, group.ways)} of {group.name}" for group in case.groups[2:])


def _average_pairs(case: GroupCase, side: str) -> Points:
    """Return one point for each pair: several models with the same facets count with their mean."""
    x, y = np.array(
        [np.mean([(member.x, member.y) for member in getattr(pair, side)], axis=0) for pair in case.pairs]
    ).T
    return Points(x, y, cross_families([pair.kin for pair in case.pairs]))


def _compare_values(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    effect = matched_difference(before.y, after.y, seed=case.seed, families=before.families)
    start, end = (say_value(float(side.y.mean()), case.unit) for side in (before, after))
    claim = f"mean {case.metric} changes by {_points(effect.value, case)} from {start} to {end}"
    if expect.than is not None:
        side = f"{say_points(effect.value, case.unit)} {say_side(effect.value)} the {start}"
        claim = f"mean {case.planned.check.quantity.label} {end} is {side} of {expect.than.quantity().label}"
    return compare_effect(effect, claim, float(before.y.mean()), facts=_pair_facts(case, after.y - before.y))


def _compare_every(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    """Hold the pair that changed for the worst against the margin."""
    estimate = estimate_worst_pair(case)
    sign = 1 if case.higher_is_better else -1
    worst = int((sign * (after.y - before.y)).argmin())
    claim = f"{case.metric} changes by {_points(estimate.value, case)} in the worst pair, {case.pairs[worst].name}"
    facts = (*_pair_facts(case, after.y - before.y), *describe_pairs(case, expect.margin.value))
    return Comparison(estimate, Bounds(), None, claim, in_points=True, expected=float(before.y[worst]), facts=facts)


def _compare_share(expect: Improves, warn: Improves | None, case: GroupCase, changes: np.ndarray) -> Comparison:
    """Hold the share of families that are better by the margin against the share that is asked for."""
    assert expect.share is not None, "the caller looked"
    estimate = estimate_share(case, expect.margin.value)
    wanted = warn.share if warn else None
    return Comparison(
        estimate,
        Bounds(low=expect.share),
        None if wanted is None else Bounds(low=wanted),
        f"{case.metric} is better in {estimate.value:.0%} of the {'crossings' if case.groups[0].ways else 'families'}",
        facts=_pair_facts(case, changes),
    )


def _compare_residuals(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    fitted, others = (case.groups[2], case.groups[2].points) if expect.line_of else (case.groups[0], None)
    effect = matched_residual_difference(before, after, expect.axis, seed=case.seed, line=others)
    line = fit_line(others or before, expect.axis)
    changes = (after.y - line.at(after.x)) - (before.y - line.at(before.x))
    whose = f"the line of {fitted.name}" if expect.line_of else "the line of the models before"
    return compare_effect(
        effect,
        f"mean {case.metric} moves by {_points(effect.value, case)} against {whose}"
        f"{say_extrapolated(case.groups[1], fitted)}",
        float(after.y.mean()) - effect.value,
        notes=(*note_extrapolation(case.groups[1], fitted, case.x_unit), *note_weak_lines((fitted,), expect.axis)),
        facts=(*_pair_facts(case, changes), *describe_lines((fitted,), expect.axis, case.x_unit)),
    )


def _pair_facts(case: GroupCase, changes: np.ndarray) -> Pairs:
    better = changes if case.higher_is_better else -changes
    ups, downs = int((better > 0).sum()), int((better < 0).sum())
    is_one_model_each = all(pair.before[0].model == pair.after[0].model for pair in case.pairs)
    models = "one model each" if is_one_model_each else say_sizes(case.groups[:2], " models ")
    low, high = clopper_pearson_interval(ups, len(case.pairs))
    sign_test = write_p(mcnemar_p(ups, downs), 3, "= ")
    return (
        ("pairs", f"{len(case.pairs)}, of {models}"),
        (
            "better in",
            f"{ups} of {len(case.pairs)} pairs, worse in {downs} (sign test p {sign_test}; "
            f"share {low:.0%} to {high:.0%}, if pairs were independent)",
        ),
    )


def _points(value: float, case: GroupCase) -> str:
    return ("-" if value < 0 else "+") + say_points(value, case.unit)
