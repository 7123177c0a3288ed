"""The comparison of improves: what changed over matched pairs of models."""

from __future__ import annotations

import numpy as np

from robustcheck.judge.case import Comparison
from robustcheck.judge.group_case import FEW_PAIRS, GroupCase, GroupComparison
from robustcheck.judge.group_lines import describe_lines, note_weak_lines
from robustcheck.judge.group_margins import compare_effect, hold_to_margin, say_sizes
from robustcheck.judge.wording import say_points, say_side, say_value
from robustcheck.stats.compare import mcnemar_p
from robustcheck.stats.group_effects import matched_difference, matched_residual_difference
from robustcheck.stats.lines import Points, fit_line
from robustcheck.values import Pairs
from robustcheck.values.expectations import Improves


def compare_improves(expect: Improves, warn: Improves | None, case: GroupCase) -> GroupComparison:
    """Hold the mean change over matched pairs against a margin."""
    before, after = (_average_pairs(case, side) for side in ("before", "after"))
    compare = _compare_residuals if expect.by == "residual" else _compare_values
    comparison = compare(expect, case, before, after)
    comparison = hold_to_margin(comparison, expect.margin, warn.margin if warn else None, case)
    return GroupComparison(comparison, (len(case.pairs),), case.unit, "pairs", FEW_PAIRS)


def _average_pairs(case: GroupCase, side: str) -> Points:
    """Return one point for each pair: several models with the same facets count with their mean."""
    means = [np.mean([(member.x, member.y) for member in getattr(pair, side)], axis=0) for pair in case.pairs]
    return Points(*np.array(means).T)


def _compare_values(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    effect = matched_difference(before.y, after.y, seed=case.seed)
    start, end = (say_value(float(side.y.mean()), case.unit) for side in (before, after))
    claim = f"mean {case.metric} changes by {_points(effect.value, case)} from {start} to {end}"
    if expect.than is not None:
        side = f"{say_points(effect.value, case.unit)} {say_side(effect.value)} the {start}"
        claim = f"mean {case.planned.check.quantity.label} {end} is {side} of {expect.than.quantity().label}"
    return compare_effect(effect, claim, float(before.y.mean()), facts=_pair_facts(case, after.y - before.y))


def _compare_residuals(expect: Improves, case: GroupCase, before: Points, after: Points) -> Comparison:
    effect = matched_residual_difference(before, after, expect.axis, seed=case.seed)
    line = fit_line(before, expect.axis)
    changes = (after.y - line.at(after.x)) - (before.y - line.at(before.x))
    group = case.groups[0]
    return compare_effect(
        effect,
        f"mean {case.metric} moves by {_points(effect.value, case)} against the line of the models before",
        float(after.y.mean()) - effect.value,
        notes=note_weak_lines((group,), expect.axis),
        facts=(*_pair_facts(case, changes), *describe_lines((group,), expect.axis, case.x_unit)),
    )


def _pair_facts(case: GroupCase, changes: np.ndarray) -> Pairs:
    better = changes if case.higher_is_better else -changes
    ups, downs = int((better > 0).sum()), int((better < 0).sum())
    is_one_model_each = all(pair.before[0].model == pair.after[0].model for pair in case.pairs)
    models = "one model each" if is_one_model_each else say_sizes(case.groups, " models ")
    return (
        ("pairs", f"{len(case.pairs)}, of {models}"),
        (
            "better in",
            f"{ups} of {len(case.pairs)} pairs, worse in {downs} (sign test p = {mcnemar_p(ups, downs):.3g})",
        ),
    )


def _points(value: float, case: GroupCase) -> str:
    return ("-" if value < 0 else "+") + say_points(value, case.unit)
