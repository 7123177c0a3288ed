"""Gather the models of a check about groups: published figures, or the models of the run, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from zlib import crc32

from robustcheck.errors import DataMissing, RecordError
from robustcheck.judge import GroupCase
from robustcheck.listing import name_first
from robustcheck.measure import metric_named
from robustcheck.models.facets import matches
from robustcheck.run.evidence import EvidenceBook
from robustcheck.run.members.gathered import Gathered
from robustcheck.run.members.grouping import arrange_groups
from robustcheck.run.members.live import gather_measured_members
from robustcheck.run.members.membership import Membership, read_membership
from robustcheck.run.members.networks import tell_apart
from robustcheck.run.members.published import gather_published_members
from robustcheck.values import ModelRef
from robustcheck.values.checks import Check, PlannedCheck, Suite
from robustcheck.values.expectations import GroupExpectation

__all__ = ["gather_claim", "gather_groups", "make_model_test"]


def gather_groups(item: PlannedCheck, book: EvidenceBook, today: date) -> GroupCase:
    """Return everything that the verdict of a check about groups rests on.

    Raises RecordError where the populations hold too few members, and the error that kept the models of the
    run from being measured (DataMissing: a skip) where too few of them are left.
    """
    if item.is_published_claim:
        return gather_claim(item, today)
    membership = read_membership(item.check.group_expectation)
    return _arrange(item, membership, gather_measured_members(item, book), today)


def gather_claim(item: PlannedCheck, today: date) -> GroupCase:
    """Return everything that the verdict of a claim about published models rests on; raises RecordError."""
    membership = read_membership(item.check.group_expectation)
    return _arrange(item, membership, gather_published_members(item.check, membership), today)


def _arrange(item: PlannedCheck, membership: Membership, gathered: Gathered, today: date) -> GroupCase:
    check, expect = item.check, item.check.group_expectation
    named = [name for pair in membership.pairs for name in pair]
    networks, doubles = tell_apart(expect, gathered.found, named)
    inside = [each for each in networks if _is_in_range(expect, each.member.x)]
    groups, pairs = arrange_groups(expect, membership, inside)
    for group in groups:
        is_of_pairs = expect.pairing is not None and group in groups[:2]
        _require_enough(group.name, len(pairs) if is_of_pairs else len(group.members), expect, gathered)
    metric, other, before = metric_named(check.quantity.metric), expect.needs.other, expect.needs.before
    return GroupCase(
        planned=item,
        groups=groups,
        today=today,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        seed=crc32("|".join([str(check.seed), *sorted(key for each in inside for key in each.keys)]).encode()),
        x_unit=metric_named(other.metric).unit if other else "%",
        pairs=pairs,
        evidence=gathered.evidence,
        source=gathered.source,
        licence=gathered.licence,
        notes=(*_notes(gathered), *doubles),
        facts=tuple(_facts(expect, gathered)),
        bounded=metric.bounded and (before is None or metric_named(before.metric).bounded),
    )


def make_model_test(suite: Suite) -> Callable[[Check, ModelRef], bool]:
    """Return the test whether a check is meant for a model; of a check about groups, whether the model counts."""
    is_member = {check.key: _make_member_test(check) for check in suite.checks if check.is_about_groups}

    def is_meant(check: Check, model: ModelRef) -> bool:
        has_facets = matches(check.applies_to, dict(model.facets))
        return has_facets and (not check.is_about_groups or is_member[check.key](model))

    return is_meant


def _make_member_test(check: Check) -> Callable[[ModelRef], bool]:
    if check.group_expectation.populations:
        return lambda _: True
    membership = read_membership(check.group_expectation)
    return lambda model: membership.has(model.id, dict(model.facets))


def _is_in_range(expect: GroupExpectation, x: float) -> bool:
    return expect.x_range is None or expect.x_range[0].value <= x <= expect.x_range[1].value


def _require_enough(name: str, count: int, expect: GroupExpectation, gathered: Gathered) -> None:
    """Refuse a group with too few members; DataMissing where the run's models lack data or are of other kinds."""
    least = expect.least_models
    if count >= least:
        return
    if gathered.missing is not None:
        raise gathered.missing.afresh()
    what = _counted_in(expect, name)
    found = f"{count} {what}{f' ({len(gathered.left_out)} left out for want of a figure)' if gathered.left_out else ''}"
    if not expect.populations:
        raise DataMissing(
            f"{found} among the models of this run",
            expected=f"at least {least}",
            fix="name more models with --models, or published figures with `population`",
        )
    both = ", with figures for all quantities" if expect.needs.other or expect.needs.before else ""
    lacking = f"without a figure: {name_first(gathered.left_out)}" if gathered.left_out else ""
    raise RecordError(
        found,
        where=f"the population {', '.join(expect.populations)}",
        expected=f"at least {least}{both}",
        fix=lacking or "widen the query or `x_range`",
    )


def _counted_in(expect: GroupExpectation, name: str) -> str:
    if expect.pairing is None:
        return f"models of {name}"
    return "models with all quantities" if expect.pairing.with_itself else "pairs of models"


def _notes(gathered: Gathered) -> Iterator[str]:
    yield from gathered.notes
    if gathered.left_out:
        why = "a measurement" if gathered.missing else "a figure"
        yield f"{_count_models(len(gathered.left_out))} left out for want of {why}: {name_first(gathered.left_out)}"


def _facts(expect: GroupExpectation, gathered: Gathered) -> Iterator[tuple[str, str]]:
    source = f" ({gathered.source})" if gathered.source else ""
    yield "evidence", f"{gathered.evidence}{source}"
    if expect.among:
        yield "among", expect.among_words
    if expect.x_range:
        yield "x between", f"{expect.x_range[0]} and {expect.x_range[1]}"


def _count_models(count: int) -> str:
    return f"{count} model{'' if count == 1 else 's'}"
