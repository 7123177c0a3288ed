"""The verdict on a check about groups of models."""

from __future__ import annotations

from robustcheck.judge.comparisons import compare_groups
from robustcheck.judge.group_case import GroupCase, GroupComparison
from robustcheck.judge.significance import decide_with_warning, find_p_value, say_beyond_warning
from robustcheck.judge.wording import say_headline, say_level, say_points, say_signed, say_value
from robustcheck.stats.compare import detectable_drop
from robustcheck.stats.proportions import ROUNDING
from robustcheck.values import Status, Verdict


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
            *_open(status, compared, alpha),
        ),
        facts=(*comparison.facts, *case.facts, say_level(case.planned, "the suite's checks about groups")),
        # A check that expects a finding is not a gate, so there is nothing to screen.
        p_value=None if check.expect_finding else find_p_value(estimate, bounds),
        could_decide=not _caution(compared),
    )


def _status(compared: GroupComparison, alpha: float) -> Status:
    return "unsure" if _caution(compared) else decide_with_warning(compared.comparison, alpha)


def _caution(compared: GroupComparison) -> tuple[str, ...]:
    """Say why the verdict can only be unsure, where that is so."""
    if compared.is_small:
        have = ", ".join(str(size) for size in compared.sizes)
        each = "a group" if compared.counted == "models" and len(compared.sizes) > 1 else "all"
        return (f"too few {compared.counted} to decide: {have} ({compared.enough} in {each} at least)",)
    if compared.comparison.estimate.error <= ROUNDING:
        return (f"the {compared.counted} do not differ, so they do not say how sure this is",)
    return ()


def _reason(status: Status, compared: GroupComparison, low: float, high: float) -> str:
    comparison = compared.comparison
    say = say_signed if comparison.in_points else say_value
    numbers = f"95% interval {say(low, compared.unit)} to {say(high, compared.unit)}"
    if comparison.in_points:
        numbers = f"limit {say(comparison.bounds.nearest(comparison.estimate.value), compared.unit)}; {numbers}"
    return f"{say_headline(status, comparison, compared.unit)} ({numbers}; n = {compared.n:,} {compared.counted})"


def _open(status: Status, compared: GroupComparison, alpha: float) -> tuple[str, ...]:
    """Say what this many models can show, where they decided nothing."""
    if status != "unsure" or _caution(compared):
        return ()
    comparison = compared.comparison
    side = (
        "a shortfall" if comparison.bounds.nearest(comparison.estimate.value) == comparison.bounds.low else "an excess"
    )
    drop = say_points(detectable_drop(comparison.estimate.error, alpha), compared.unit)
    return (
        f"unsure: the interval does not decide. {compared.n:,} {compared.counted} show {side} of {drop} "
        "beyond the limit with 80% power",
    )
