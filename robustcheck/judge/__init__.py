"""Judge one check on one model: pure arithmetic on scores that are already there.

A verdict is decided here and nowhere else. ``fail`` means *shown* to be worse: the interval at the
level that Bonferroni asks for (over the checks of the suite on this model) lies wholly outside the
bounds. ``pass`` means that the 95% interval lies inside. In between is ``unsure``.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from robustcheck.judge.case import Case, Comparison, PopulationPoints
from robustcheck.judge.comparisons import compare_model
from robustcheck.judge.drawn_line import find_line
from robustcheck.judge.figures import draw_groups, draw_trend
from robustcheck.judge.findings import Conclusion, derive_finding, hold_to_finding
from robustcheck.judge.group_case import NO_SUPPORT, GroupCase, MatchedPair, Member, ModelGroup, Support
from robustcheck.judge.group_verdict import judge_groups
from robustcheck.judge.screening import screen_results
from robustcheck.judge.significance import can_decide, say_beyond_warning, say_resolution, shown_level
from robustcheck.judge.usable import require_enough, require_number
from robustcheck.judge.weighing import Weighed, decide_all, weigh
from robustcheck.judge.wording import places_apart, say_headline, say_images, say_level, say_n, say_signed, say_value
from robustcheck.numerals import write_level, write_p
from robustcheck.stats.compare import detectable_drop
from robustcheck.stats.one_thread import on_one_thread
from robustcheck.stats.staged_levels import level_at
from robustcheck.values import KnownDeviation, Pairs, Status, Verdict
from robustcheck.values.stages import LAST

__all__ = [
    "NO_SUPPORT",
    "Case",
    "Conclusion",
    "GroupCase",
    "MatchedPair",
    "Member",
    "ModelGroup",
    "PopulationPoints",
    "Support",
    "conclude",
    "draw_groups",
    "draw_trend",
    "find_line",
    "judge",
    "screen_results",
    "status_so_far",
]


def judge(case: Case | GroupCase) -> Verdict:
    """Return the verdict of one case; raises RecordError where the evidence cannot carry one."""
    return conclude(case).verdict


def conclude(case: Case | GroupCase) -> Conclusion:
    """Return the verdict of one case, and what its numbers alone say of the check's claim."""
    check = case.planned.check
    with on_one_thread():
        verdict = judge_groups(case) if isinstance(case, GroupCase) else _judge_model(case)
    finding = derive_finding(verdict.status)
    if check.expect_finding:
        verdict = hold_to_finding(verdict, finding, check)
    elif verdict.status == "unsure":
        verdict = replace(verdict, status=check.when_unsure)
    return Conclusion(_excuse(verdict, case), finding)


def status_so_far(case: Case) -> Status:
    """Return what the images of a stage say of a check, ``unsure`` where they do not decide it.

    Raises RecordError where the evidence cannot carry a verdict.
    """
    _require_usable(case)
    return decide_all(compare_model(case), case.planned.alpha, case.stage)


def _judge_model(case: Case) -> Verdict:
    _require_usable(case)
    return _with_remarks(_verdict(weigh(compare_model(case), case.planned.alpha, case.stage), case), case)


def _with_remarks(verdict: Verdict, case: Case) -> Verdict:
    """Say what of the check, data, outputs or attacks is not certain; of these a doubt warns."""
    doubts = dict.fromkeys((*case.planned.check.doubts, *(doubt for part in case.parts for doubt in part.doubts)))
    cautions = dict.fromkeys(caution for part in case.parts for caution in part.cautions)
    status: Status = "warn" if doubts and verdict.status == "pass" else verdict.status
    return replace(verdict, status=status, notes=(*verdict.notes, *doubts, *cautions))


def _require_usable(case: Case) -> None:
    require_enough(case.score, case.minimum_n)
    for part in case.parts:
        require_number(part)


def _verdict(weighed: Weighed, case: Case) -> Verdict:
    status, comparison = weighed.status, weighed.comparison
    estimate, bounds = comparison.estimate, comparison.bounds
    low, high = estimate.interval(shown_level(case.stage))
    alpha, is_early = level_at(weighed.alpha, case.stage), case.stage not in (None, LAST)
    return Verdict(
        status=status,
        reason=_reason(status, comparison, case, low, high),
        value=case.score.value,
        compared=estimate.value,
        low=low,
        high=high,
        limit=bounds.nearest(estimate.value),
        margin=bounds.margin(estimate.value),
        n=case.score.n,
        detectable=detectable_drop(estimate.error, alpha),
        expected=comparison.expected,
        unit="%" if case.unit == "%" else "",
        notes=(
            *comparison.notes,
            *say_beyond_warning(status, comparison, case.unit),
            *say_resolution(status, comparison, case, alpha),
        ),
        facts=comparison.facts + weighed.facts + _say_level(case, weighed),
        p_value=weighed.p_value,
        below_noise=comparison.below_noise,
        # What was decided early could be decided.
        could_decide=is_early or can_decide(comparison, case.unit, alpha),
        images=case.images,
        origin=comparison.origin,
    )


def _reason(status: Status, comparison: Comparison, case: Case, low: float, high: float) -> str:
    limit = comparison.bounds.nearest(comparison.estimate.value)
    places = places_apart(comparison.estimate.value, limit, case.unit)
    say = say_signed if comparison.in_points else say_value
    numbers = f"95% interval {say(low, case.unit, places)} to {say(high, case.unit, places)}"
    if comparison.in_points:
        numbers = f"limit {say_signed(limit, case.unit, places)}; {numbers}"
    return f"{say_headline(status, comparison, case.unit)} ({numbers}; {say_n(case)}{say_images(case)})"


def _say_level(case: Case, weighed: Weighed) -> Pairs:
    said = write_p(weighed.p_value) if weighed.p_value < 1 else "above 0.5"
    halves = "" if weighed.alpha == case.planned.alpha else ", half of it for the step and half for the drift"
    level = say_level(case.planned, f"the suite's checks{halves}")
    facts = (("one-sided p of worse than the limit", said), level)
    if case.stage is not None:
        return *facts, _say_stage(case.stage, weighed)
    return (*facts, ("all images are used", case.all_images)) if case.all_images else facts


def _say_stage(stage: int, weighed: Weighed) -> tuple[str, str]:
    nominal, passing = level_at(weighed.alpha, stage), shown_level(stage)
    levels = f"{write_level(nominal)} for a fail and an interval of {passing:.9g} here"
    return "stage", f"{stage + 1} of {LAST + 1}: of these levels, {levels}"


def _excuse(verdict: Verdict, case: Case | GroupCase) -> Verdict:
    """Let a known deviation pass until its date; say so when the date has gone by."""
    known = next((known for known in case.planned.check.known_deviations if _is_about(known, case)), None)
    if verdict.status != "fail" or known is None:
        return verdict
    if case.today.isoformat() > known.until:
        note = f"known deviation expired on {known.until}: {known.reason}"
        return replace(verdict, notes=(*verdict.notes, note))
    note = f"known deviation until {known.until}: {known.reason}"
    return replace(verdict, status="pass", excused=True, notes=(*verdict.notes, note))


def _is_about(known: KnownDeviation, case: Case | GroupCase) -> bool:
    model = case.planned.model
    return fnmatchcase(model.id, known.model) or fnmatchcase(model.text, known.model)
