"""The comparison of no_worse_than: with a baseline run, or another model, on the same images."""

from __future__ import annotations

from math import sqrt

from robustcheck.errors import RecordError
from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.estimates import estimate_score
from robustcheck.judge.wording import say_measured, say_points, say_side, say_value
from robustcheck.stats.compare import Difference, paired_difference
from robustcheck.stats.differences import Estimated, difference_intervals
from robustcheck.stats.sureness import seed_of
from robustcheck.values import Pairs, Score
from robustcheck.values.expectations import NoWorseThan


def compare_no_worse_than(expect: NoWorseThan, warn: NoWorseThan | None, case: Case) -> Comparison:
    """Hold the difference from a reference against the drop that is allowed."""
    reference = case.reference
    assert reference is not None, "the session gathers the reference"
    estimate, facts, notes = _difference(case, reference)
    return Comparison(
        estimate,
        _bounds(expect, case.higher_is_better),
        _bounds(warn, case.higher_is_better) if warn else None,
        f"{say_measured(case.score, case.unit)} is {say_points(estimate.value, case.unit)} "
        f"{say_side(estimate.value)} {case.reference_name} ({say_value(reference.value, case.unit)})",
        in_points=True,
        expected=reference.value,
        facts=facts,
        notes=notes,
    )


def _difference(case: Case, reference: Score) -> tuple[Estimate, Pairs, tuple[str, ...]]:
    if case.score.evidence != reference.evidence:
        raise RecordError(
            f"cannot compare {case.score.evidence} with {reference.evidence} evidence: "
            "one has per-image scores, the other does not",
            where=case.reference_name,
            fix="measure both, or use --robust-evidence published for both",
        )
    if reference.evidence == "published":
        return _unpaired(case, reference)
    found = case.difference or _paired(case, reference)
    _require_same_data(case, reference)
    return Estimate(found.value, found.interval, found.error), _paired_facts(found), ()


def _require_same_data(case: Case, reference: Score) -> None:
    """Refuse a reference that was measured on other images under the same names; saved predictions have no images."""
    scores = (reference, case.score)
    then, now = (dict(score.provenance).get("dataset") for score in scores)
    has_images = all(score.cell.model.kind != "predictions" for score in scores)
    if has_images and then and now and then != now:
        raise RecordError(
            f"measured on other data: {then[:12]} then, {now[:12]} now",
            where=case.reference_name,
            fix="bless a run on the data set as it is now",
        )


def _paired(case: Case, reference: Score) -> Difference:
    now, then = case.score.samples, reference.samples
    assert now is not None, "a difference that was not gathered is that of samples"
    assert then is not None, "a difference that was not gathered is that of samples"
    try:
        return paired_difference(then, now, seed=seed_of(reference.key, case.score.key))
    except ValueError as error:
        raise RecordError(
            f"{error}: {then.ids.size} images then, {now.ids.size} now",
            where=case.reference_name,
            fix="bless a run on the data set as it is now",
        ) from None


def _paired_facts(difference: Difference) -> Pairs:
    over = f"{difference.n:,} images, {difference.discordant:,} of them judged differently"
    return ("paired over", over), (f"{difference.test} p", f"{difference.p_value:.3g}")


def _unpaired(case: Case, reference: Score) -> tuple[Estimate, Pairs, tuple[str, ...]]:
    now, then = (estimate_score(score, case.unit) for score in (case.score, reference))
    estimate = Estimate(
        now.value - then.value,
        difference_intervals(Estimated(now.value, now.interval), Estimated(then.value, then.interval)),
        sqrt(now.error**2 + then.error**2),
    )
    note = "published figures have no per-image scores: the interval treats the two as independent, so it is wide"
    return estimate, (), (note,)


def _bounds(expect: NoWorseThan, higher_is_better: bool) -> Bounds:
    allowed = expect.allowed_drop.value
    return Bounds(low=-allowed) if higher_is_better else Bounds(high=allowed)
