"""The verdict on a check about groups of models."""

from __future__ import annotations

import numpy as np

from robustcheck.judge.comparisons import compare_groups
from robustcheck.judge.group_case import FEW_FAMILIES, GroupCase, GroupComparison
from robustcheck.judge.significance import decide, decide_with_warning, find_p_value, say_beyond_warning, say_shown
from robustcheck.judge.wording import say_headline, say_level, say_signed, say_value
from robustcheck.numerals import write_level
from robustcheck.stats.compare import detectable_drop
from robustcheck.stats.proportions import ROUNDING
from robustcheck.values import Pairs, Status, Verdict


def judge_groups(case: GroupCase) -> Verdict:
    """Return the verdict that the numbers alone decide; raises RecordError where there are too few of them."""
    check = case.planned.check
    compared = compare_groups(case)
    comparison, alpha = compared.comparison, case.planned.alpha
    estimate, bounds = comparison.estimate, comparison.bounds
    low, high = estimate.interval(0.95)
    status = _status(compared, alpha)
    return Verdict(
        status=status,
        reason=_reason(status, compared, low, high),
        value=estimate.value + (comparison.expected or 0.0),
        compared=estimate.value,
        low=low,
        high=high,
        limit=bounds.nearest(estimate.value),
        margin=bounds.margin(estimate.value),
        n=compared.n,
        detectable=detectable_drop(estimate.error, alpha),
        expected=comparison.expected,
        unit="%" if compared.unit == "%" else "",
        notes=(
            *_caution(compared),
            *comparison.notes,
            *case.notes,
            *say_beyond_warning(status, comparison, compared.unit),
            *_open(status, compared, alpha, bounded=case.bounded),
        ),
        facts=(
            *comparison.facts,
            *_say_range(case),
            *case.facts,
            *_say_corrected(compared, alpha),
            say_level(case.planned, "the suite's checks about groups"),
        ),
        # A check that expects a finding is not a gate, so there is nothing to screen.
        p_value=None if check.expect_finding else find_p_value(estimate, bounds),
        could_decide=not _caution(compared),
    )


def _status(compared: GroupComparison, alpha: float) -> Status:
    status = decide_with_warning(compared.comparison, alpha)
    if _caution(compared):
        return "fail" if status == "fail" and compared.one_refutes else "unsure"
    return "unsure" if status in ("pass", "warn") and not _holds(compared, alpha) else status


def _holds(compared: GroupComparison, alpha: float) -> bool:
    """Say whether a claim holds at the level at which it would fail, and on the 95% interval at least."""
    estimate, bounds = compared.comparison.estimate, compared.comparison.bounds
    return decide(estimate, bounds, alpha, level=1 - 2 * min(alpha, 0.025)) == "pass"


def _caution(compared: GroupComparison) -> tuple[str, ...]:
    """Say why the verdict cannot be that the claim holds, where that is so."""
    if compared.is_small and compared.ways:
        return (_say_few_units(compared),)
    if compared.is_small:
        have = ", ".join(str(each.count) for each in compared.families)
        each = "a group" if len(compared.families) > 1 else "all"
        return (f"too few families to decide: {have} ({FEW_FAMILIES} in {each} at least)",)
    if compared.comparison.estimate.error <= ROUNDING:
        return (f"the {compared.counted} do not differ, so they do not say how sure this is",)
    return ()


def _say_few_units(compared: GroupComparison) -> str:
    """Say along which way cells share too few units, and what would help."""
    units = [min(each) for each in zip(*(families.units for families in compared.families), strict=True)]
    ways = list(zip(compared.ways, units, strict=True))
    have = " and ".join(f"{count} of {way}" for way, count in ways)
    lacking = " and ".join(way for way, count in ways if count < FEW_FAMILIES)
    return (
        f"too few units to decide: {have} ({FEW_FAMILIES} of each at least, since cells that share one move together); "
        f"cells of more {lacking} would help, more cells of these would not"
    )


def _reason(status: Status, compared: GroupComparison, low: float, high: float) -> str:
    comparison = compared.comparison
    say = say_signed if comparison.in_points else say_value
    numbers = f"95% interval {say(low, compared.unit)} to {say(high, compared.unit)}"
    if comparison.in_points:
        numbers = f"limit {say(comparison.bounds.nearest(comparison.estimate.value), compared.unit)}; {numbers}"
    over = f"n = {compared.n:,} {compared.counted} of {_say_families(compared)}"
    return f"{say_headline(status, comparison, compared.unit)} ({numbers}; {over})"


def _say_range(case: GroupCase) -> Pairs:
    """Say over which x the models of each group lie, where they have one."""
    ends = [(group.name, group.points.x) for group in case.groups if np.isfinite(group.points.x).all()]
    texts = [
        f"{name} {say_value(float(x.min()), case.x_unit)} to {say_value(float(x.max()), case.x_unit)}"
        for name, x in ends
    ]
    return (("range of x", "; ".join(texts)),) if texts else ()


def _say_corrected(compared: GroupComparison, alpha: float) -> Pairs:
    """Say the interval that decides whether a claim holds, where the suite's checks ask for more than 95%."""
    if alpha >= 0.025:
        return ()
    say = say_signed if compared.comparison.in_points else say_value
    low, high = compared.comparison.estimate.interval(1 - 2 * alpha)
    return (("interval at the suite's level", f"{say(low, compared.unit)} to {say(high, compared.unit)}"),)


def _say_families(compared: GroupComparison) -> str:
    counts = " and ".join(f"{each.count:,}" for each in compared.families)
    one, many = ("crossing", "crossings") if compared.ways else ("family", "families")
    return f"{counts} {one if counts == '1' else many}"


def _open(status: Status, compared: GroupComparison, alpha: float, *, bounded: bool) -> tuple[str, ...]:
    """Say what this many models can show, where they decided nothing."""
    if status != "unsure" or _caution(compared):
        return ()
    comparison = compared.comparison
    if decide(comparison.estimate, comparison.bounds, alpha) == "pass":
        level = write_level(min(alpha, 0.025))
        return (
            f"unsure: the 95% interval lies on the claim's side, but not the one at alpha = {level} that the suite's "
            "many checks ask for",
        )
    shown = say_shown(comparison, compared.unit, alpha, bounded=bounded and compared.unit == "%")
    return (f"unsure: the interval does not decide. {compared.n:,} {compared.counted} {shown}",)
