"""The verdict on a check about groups of models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from robustcheck.judge.case import Comparison
from robustcheck.judge.group_case import GroupCase, Weighed
from robustcheck.judge.group_comparisons import weigh_correlates, weigh_group_above, weigh_improves
from robustcheck.judge.group_lines import weigh_same_trend, weigh_steeper
from robustcheck.judge.significance import decide, p_value
from robustcheck.judge.wording import say_points, say_signed, say_value
from robustcheck.stats.compare import detectable_drop
from robustcheck.stats.proportions import ROUNDING
from robustcheck.values import Status, Verdict
from robustcheck.values.expectations import Correlates, Expectation, GroupAbove, Improves, SameTrend, Steeper

_WEIGH: dict[type[Expectation], Callable[[Any, Any, GroupCase], Weighed]] = {
    GroupAbove: weigh_group_above,
    Correlates: weigh_correlates,
    Steeper: weigh_steeper,
    SameTrend: weigh_same_trend,
    Improves: weigh_improves,
}


def judge_groups(case: GroupCase) -> Verdict:
    """Return the verdict that the numbers alone decide; raises RecordError where there are too few of them."""
    check = case.planned.check
    weighed = _WEIGH[type(check.expect)](check.expect, check.warn, case)
    comparison, alpha = weighed.comparison, case.planned.alpha
    estimate, bounds = comparison.estimate, comparison.bounds
    low, high = estimate.interval(0.95)
    status = _status(weighed, alpha)
    return Verdict(
        status=status,
        reason=_reason(weighed, low, high),
        value=estimate.value + (comparison.expected or 0.0),
        compared=estimate.value,
        low=low,
        high=high,
        limit=bounds.nearest(estimate.value),
        margin=bounds.margin(estimate.value),
        n=weighed.n,
        detectable=detectable_drop(estimate.error, alpha),
        expected=comparison.expected,
        unit="%" if weighed.unit == "%" else "",
        notes=(
            *_caution(weighed),
            *comparison.notes,
            *case.notes,
            *_warning(status, weighed),
            *_open(status, weighed, alpha),
        ),
        facts=(*comparison.facts, *case.facts, _level(alpha)),
        # A finding that is expected is no gate, so there is nothing to screen.
        p_value=None if check.expect_finding else p_value(estimate, bounds),
    )


def _status(weighed: Weighed, alpha: float) -> Status:
    comparison = weighed.comparison
    if _caution(weighed):
        return "unsure"
    status = decide(comparison.estimate, comparison.bounds, alpha)
    if status == "pass" and comparison.warn_bounds is not None:
        status = "warn" if decide(comparison.estimate, comparison.warn_bounds, alpha) == "fail" else "pass"
    return status


def _caution(weighed: Weighed) -> tuple[str, ...]:
    """Say why no verdict but unsure can be given, where that is so."""
    if weighed.is_small:
        have = ", ".join(str(size) for size in weighed.sizes)
        each = "a group" if weighed.counted == "models" and len(weighed.sizes) > 1 else "all"
        return (f"too few {weighed.counted} to decide: {have} ({weighed.enough} in {each} at least)",)
    if weighed.comparison.estimate.error <= ROUNDING:
        return (f"the {weighed.counted} do not differ, so they do not say how sure this is",)
    return ()


def _reason(weighed: Weighed, low: float, high: float) -> str:
    comparison = weighed.comparison
    say = say_signed if comparison.in_points else _say_number
    numbers = f"95% interval {say(low, weighed.unit)} to {say(high, weighed.unit)}"
    if comparison.in_points:
        numbers = f"limit {say(comparison.bounds.nearest(comparison.estimate.value), weighed.unit)}; {numbers}"
    return f"{comparison.claim} ({numbers}; n = {weighed.n:,} {weighed.counted})"


def _say_number(value: float, unit: str) -> str:
    return say_value(value, unit)


def _warning(status: Status, weighed: Weighed) -> tuple[str, ...]:
    comparison: Comparison = weighed.comparison
    if status != "warn" or comparison.warn_bounds is None:
        return ()
    limit = comparison.warn_bounds.nearest(comparison.estimate.value)
    say = say_signed if comparison.in_points else _say_number
    return (f"warned: shown to be beyond the tighter limit of {say(limit, weighed.unit)}",)


def _open(status: Status, weighed: Weighed, alpha: float) -> tuple[str, ...]:
    """Say what this many models can show, where they decided nothing."""
    if status != "unsure" or _caution(weighed):
        return ()
    comparison = weighed.comparison
    side = (
        "a shortfall" if comparison.bounds.nearest(comparison.estimate.value) == comparison.bounds.low else "an excess"
    )
    drop = say_points(detectable_drop(comparison.estimate.error, alpha), weighed.unit)
    return (
        f"unsure: the interval does not decide. {weighed.n:,} {weighed.counted} show {side} of {drop} "
        "beyond the limit with 80% power",
    )


def _level(alpha: float) -> tuple[str, str]:
    return ("a fail is shown at", f"one-sided alpha = {alpha:.2g} (0.05 over the suite's checks about groups)")
