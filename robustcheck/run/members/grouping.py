"""Models found, put into their groups or matched in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from robustcheck.errors import RecordError
from robustcheck.judge import MatchedPair, Member, ModelGroup
from robustcheck.listing import name_first
from robustcheck.models.facets import matches
from robustcheck.run.members.gathered import FoundModel
from robustcheck.run.members.membership import Membership
from robustcheck.values.expectations import GroupExpectation, Pairing, query_words


def arrange_groups(
    expect: GroupExpectation, membership: Membership, found: Sequence[FoundModel]
) -> tuple[tuple[ModelGroup, ...], tuple[MatchedPair, ...]]:
    """Return the groups in the order of the check, and the pairs where it matches models."""
    if expect.pairing is not None:
        pairs = _match_pairs(expect, expect.pairing, membership, found)
        sides = (
            ("before", [m for pair in pairs for m in pair.before]),
            ("after", [m for pair in pairs for m in pair.after]),
        )
        groups = [ModelGroup(name, tuple(dict.fromkeys(members))) for name, members in sides]
        if expect.line_query is not None:
            drawing = tuple(each.member for each in found if membership.draws_line(each.facets))
            groups.append(ModelGroup(query_words(expect.line_query), drawing))
        return tuple(groups), pairs
    if not expect.queries:
        return (ModelGroup("all models", tuple(each.member for each in found)),), ()
    compared = tuple(
        ModelGroup(words, tuple(each.member for each in found if matches(query, each.facets)))
        for words, query in zip(expect.names, membership.groups, strict=True)
    )
    _refuse_overlap(compared)
    return compared, ()


def _refuse_overlap(groups: Sequence[ModelGroup]) -> None:
    for place, group in enumerate(groups):
        for other in groups[:place]:
            both = [member.model for member in group.members if member in other.members]
            if both:
                raise RecordError(
                    f"{len(both)} models are both of {other.name} and of {group.name}: {name_first(both)}",
                    expected="groups that share no model",
                    fix="add a facet that tells them apart, such as family: '!=clip'",
                )


def _match_pairs(
    expect: GroupExpectation, pairing: Pairing, membership: Membership, found: Sequence[FoundModel]
) -> tuple[MatchedPair, ...]:
    if pairing.with_itself:
        return tuple(_pair_with_itself(each.member) for each in found)
    if pairing.file is not None:
        return _pair_by_name(membership, found)
    return _pair_by_facets(expect, pairing.match, membership, found)


def _pair_with_itself(member: Member) -> MatchedPair:
    """Pair what a model is before, each on its own x where there is one, with what it is in the measured quantity."""
    before = replace(member, y=member.start, x=member.start_x, of_y=member.of_start)
    return MatchedPair(member.model, (before,), (member,))


def _pair_by_facets(
    expect: GroupExpectation, match: Sequence[str], membership: Membership, found: Sequence[FoundModel]
) -> tuple[MatchedPair, ...]:
    """Pair the models whose facets in `match` are equal; a model without one of them has no pair."""
    sides: list[dict[tuple[str, ...], list[Member]]] = []
    for query in membership.groups:
        side: dict[tuple[str, ...], list[Member]] = {}
        for each in found:
            if matches(query, each.facets) and all(facet in each.facets for facet in match):
                side.setdefault(tuple(each.facets[facet] for facet in match), []).append(each.member)
        sides.append(side)
    before, after = sides
    _refuse_overlap(
        [
            ModelGroup(name, tuple(member for members in side.values() for member in members))
            for name, side in zip(expect.names, sides, strict=True)
        ]
    )
    return tuple(MatchedPair(", ".join(key), tuple(before[key]), tuple(after[key])) for key in before if key in after)


def _pair_by_name(membership: Membership, found: Sequence[FoundModel]) -> tuple[MatchedPair, ...]:
    known = {each.member.model: each.member for each in found}
    return tuple(
        MatchedPair(f"{before} and {after}", (known[before],), (known[after],))
        for before, after in membership.pairs
        if before in known and after in known
    )
