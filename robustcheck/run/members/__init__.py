"""Gather the models of a check about groups: published figures, or the models of the run, measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from zlib import crc32

from robustcheck.errors import DataMissing, RecordError
from robustcheck.judge import GroupCase
from robustcheck.listing import name_first
from robustcheck.metrics import METRICS
from robustcheck.run.evidence import EvidenceBook
from robustcheck.run.members.gathered import Candidate, Gathered
from robustcheck.run.members.grouping import arranged
from robustcheck.run.members.measured import measured
from robustcheck.run.members.published import published
from robustcheck.run.members.wanted import wanted
from robustcheck.values import ModelRef
from robustcheck.values.checks import Check, PlannedCheck
from robustcheck.values.expectations import GroupExpectation, Improves

__all__ = ["gather_groups", "is_in_a_group"]

_LEAST = 2


def gather_groups(item: PlannedCheck, book: EvidenceBook, today: date) -> GroupCase:
    """Return everything that the verdict of a check about groups rests on.

    Raises RecordError where the populations hold too few members, and the error that kept the models of the
    run from being measured (DataMissing: a skip) where too few of them are left.
    """
    check, expect = item.check, _expectation(item.check)
    is_wanted = wanted(expect)
    gathered = published(check, expect, is_wanted) if expect.populations else measured(item, book)
    inside = [each for each in gathered.found if _is_in_range(expect, each.member.x)]
    groups, pairs = arranged(expect, inside)
    for group in groups:
        _require_some(group.name, len(pairs) if isinstance(expect, Improves) else len(group.members), expect, gathered)
    facts, other = METRICS[check.quantity.metric], expect.other_quantity
    return GroupCase(
        planned=item,
        groups=groups,
        today=today,
        unit=facts.unit,
        higher_is_better=facts.higher_is_better,
        seed=crc32("|".join([str(check.seed), *sorted(key for each in inside for key in each.keys)]).encode()),
        x_unit=METRICS[other.metric].unit if other else "%",
        pairs=pairs,
        evidence=gathered.evidence,
        source=gathered.source,
        licence=gathered.licence,
        notes=tuple(_notes(gathered, inside)),
        facts=tuple(_facts(expect, gathered)),
    )


def is_in_a_group(check: Check, model: ModelRef) -> bool:
    """Say whether a model of the run counts in a check about groups."""
    expect = _expectation(check)
    return bool(expect.populations) or wanted(expect)(model.id, dict(model.facets))


def _expectation(check: Check) -> GroupExpectation:
    assert isinstance(check.expect, GroupExpectation)
    return check.expect


def _is_in_range(expect: GroupExpectation, x: float) -> bool:
    return expect.x_range is None or expect.x_range[0].value <= x <= expect.x_range[1].value


def _require_some(name: str, count: int, expect: GroupExpectation, gathered: Gathered) -> None:
    """Refuse a group that is no group; where the run's models lack data or are of other kinds, that is no data."""
    least = 3 if not expect.queries and not isinstance(expect, Improves) else _LEAST
    if count >= least:
        return
    if gathered.missing is not None:
        raise gathered.missing
    what = _counted(expect, name)
    found = f"{count} {what}{f' ({len(gathered.left_out)} left out for want of a figure)' if gathered.left_out else ''}"
    if not expect.populations:
        raise DataMissing(
            f"{found} among the models of this run",
            expected=f"at least {least}",
            fix="name more models with --models, or published figures with `population`",
        )
    both = ", with figures for both quantities" if expect.other_quantity else ""
    lacking = f"without a figure: {name_first(gathered.left_out)}" if gathered.left_out else ""
    raise RecordError(
        found,
        where=f"the population {', '.join(expect.populations)}",
        expected=f"at least {least}{both}",
        fix=lacking or "widen the query or `x_range`",
    )


def _counted(expect: GroupExpectation, name: str) -> str:
    if not isinstance(expect, Improves):
        return f"models of {name}"
    return "pairs of models" if expect.than is None else "models with both quantities"


def _notes(gathered: Gathered, inside: Sequence[Candidate]) -> Iterator[str]:
    yield from gathered.notes
    if gathered.left_out:
        why = "a measurement" if gathered.missing else "a figure"
        yield f"{_models(len(gathered.left_out))} left out for want of {why}: {name_first(gathered.left_out)}"
    twice = [each for each in inside if each.facets.get("size") == "test"]
    if twice:
        yield (
            f"{_models(len(twice))} counted a second time, at a larger image size: "
            "leave them out with among: {size: '!=test'}"
        )


def _facts(expect: GroupExpectation, gathered: Gathered) -> Iterator[tuple[str, str]]:
    source = f" ({gathered.source})" if gathered.source else ""
    yield "evidence", f"{gathered.evidence}{source}"
    if expect.among:
        yield "among", expect.among_words
    if expect.x_range:
        yield "x between", f"{expect.x_range[0]} and {expect.x_range[1]}"


def _models(count: int) -> str:
    return f"{count} model{'' if count == 1 else 's'}"
