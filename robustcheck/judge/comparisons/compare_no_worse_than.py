"""The comparison of no_worse_than: with a baseline run, or another model, on the same images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

from robustcheck.errors import RecordError
from robustcheck.judge.case import Bounds, Case, Comparison, Estimate
from robustcheck.judge.estimates import estimate_score
from robustcheck.judge.wording import say_difference, say_value
from robustcheck.numerals import write_p
from robustcheck.stats.compare import Difference, paired_difference
from robustcheck.stats.differences import Estimated, cut_to, difference_intervals
from robustcheck.stats.sureness import seed_of
from robustcheck.values import NEW_ORIGIN, Amount, Pairs, Score
from robustcheck.values.expectations import NoWorseThan


def compare_no_worse_than(expect: NoWorseThan, warn: NoWorseThan | None, case: Case) -> Comparison:
    """Hold the difference from a reference against the allowed drop, and that from its origin against the drift."""
    reference = case.reference
    assert reference is not None, "the session gathers the reference"
    limits = expect.allowed_drop, warn.allowed_drop if warn else None
    step = _compare(expect, limits, case, reference)
    if case.origin is None or case.origin.key == reference.key:
        # A baseline that replaced none is the origin itself.
        return replace(step, origin=0.0) if expect.baseline else step
    drift = replace(_compare_with_origin(expect, warn, case, case.origin), origin=0.0)
    return replace(step, drift=drift, origin=case.origin.value - reference.value)


def _compare_with_origin(expect: NoWorseThan, warn: NoWorseThan | None, case: Case, origin: Score) -> Comparison:
    """Compare with the score that the chain of baselines started from; raise RecordError where it cannot be paired."""
    try:
        limits = expect.drift, warn.drift if warn else None
        return _compare(expect, limits, replace(case, reference_name=case.origin_name, difference=case.drift), origin)
    except RecordError as error:
        raise RecordError(error.found, where=case.origin_name, expected=error.expected, fix=NEW_ORIGIN) from None


def _compare(expect: NoWorseThan, limits: tuple[Amount, Amount | None], case: Case, reference: Score) -> Comparison:
    found, warn = _difference(case, reference), limits[1]
    estimate, noises = found.estimate, _note_noise(limits[0], case)
    bounds = _bounds(limits[0], case.higher_is_better)
    return Comparison(
        estimate,
        bounds,
        _bounds(warn, case.higher_is_better) if warn else None,
        f"{say_difference(case.score, estimate.value, bounds, case.unit)} "
        f"{case.reference_name} ({say_value(reference.value, case.unit)})",
        in_points=True,
        expected=reference.value,
        facts=found.facts,
        notes=(*found.notes, *_note_versions(expect, case, reference), *noises),
        is_equal=found.is_equal,
        below_noise=bool(noises),
    )


@dataclass(frozen=True, slots=True)
class _ToReference:
    """A difference from a reference, and what there is to say of it."""

    estimate: Estimate
    facts: Pairs = ()
    notes: tuple[str, ...] = ()
    is_equal: bool = False


def _difference(case: Case, reference: Score) -> _ToReference:
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
    interval = cut_to(found.interval, -1.0, 1.0) if case.bounded else found.interval
    estimate = Estimate(found.value, interval, found.error)
    return _ToReference(estimate, _paired_facts(found, case.counted), is_equal=found.discordant == 0)


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
            f"{error}: {then.ids.size} {case.counted} then, {now.ids.size} now",
            where=case.reference_name,
            fix="bless a run on the data set as it is now",
        ) from None


def _paired_facts(difference: Difference, counted: str) -> Pairs:
    over = f"{difference.n:,} {counted}, {difference.discordant:,} of them judged differently"
    return ("paired over", over), (f"{difference.test} p", write_p(difference.p_value, 3))


def _unpaired(case: Case, reference: Score) -> _ToReference:
    now, then = (estimate_score(score, case.unit) for score in (case.score, reference))
    estimate = Estimate(
        now.value - then.value,
        difference_intervals(Estimated(now.value, now.interval), Estimated(then.value, then.interval)),
        sqrt(now.error**2 + then.error**2),
    )
    note = "published figures have no per-image scores: the interval treats the two as independent, so it is wide"
    return _ToReference(estimate, notes=(note,))


def _note_versions(expect: NoWorseThan, case: Case, reference: Score) -> tuple[str, ...]:
    """Say which libraries are others than when the reference was measured: keys leave them out."""
    changed = case.score.versions_since(reference)
    if not changed:
        return ()
    again = f", then robustcheck bless RUN --as {expect.baseline} --store DIR" if expect.baseline else ""
    return (
        f"{changed}: a difference may be theirs. To tell, measure {case.reference_name} again with what is installed "
        f"and chosen now, in an empty store: pytest ... --models {reference.cell.model.text} --robust-store DIR{again}",
    )


def _note_noise(allowed: Amount, case: Case) -> tuple[str, ...]:
    """Say that the allowed drop lies below what measuring the same model again may move."""
    if case.unit != "%" or case.score.evidence != "live":
        return ()
    if case.noise is None:
        unknown = f"allowed_drop is {allowed}, and how many decisions move by themselves here was not measured"
        return (f"{unknown}: robustcheck noise MODEL --dataset NAME",) if allowed.value == 0 else ()
    if allowed.value >= case.noise:
        return ()
    return (
        f"allowed_drop: {allowed} lies below the noise floor: {case.noise:.2%} of the decisions moved when a model was "
        "measured again (robustcheck noise), so allow that much at least",
    )


def _bounds(allowed: Amount, higher_is_better: bool) -> Bounds:
    return Bounds(low=-allowed.value) if higher_is_better else Bounds(high=allowed.value)
