"""Found models told apart: a network that is listed twice counts once, and each model is of a family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from robustcheck.judge import Member
from robustcheck.listing import name_first
from robustcheck.models.kinship import family_of, network_of, preference
from robustcheck.run.members.gathered import FoundModel
from robustcheck.values.expectations import GroupExpectation


def tell_apart(
    expect: GroupExpectation, found: Sequence[FoundModel], named: Sequence[str]
) -> tuple[list[FoundModel], tuple[str, ...]]:
    """Return the models in their families, each network once, and a note on those that were listed twice.

    ``named`` are the models that a file of pairs names: of their networks, these count.
    """
    networks: dict[str, list[FoundModel]] = {}
    for each in found:
        networks.setdefault(network_of(each.member.model, each.facets), []).append(each)
    kept, doubles = [], []
    for rows in networks.values():
        chosen = [each for each in rows if each.member.model in named] or [max(rows, key=_rank)]
        kept += [replace(each, member=_of_kin(expect, each)) for each in chosen]
        doubles += [each.member.model for each in rows if each not in chosen]
    if not doubles:
        return kept, ()
    count = f"{len(doubles)} row{'' if len(doubles) == 1 else 's'}"
    return kept, (f"networks count once: left out {count} of networks that are listed twice: {name_first(doubles)}",)


def _rank(found: FoundModel) -> tuple[bool, bool, bool]:
    return preference(found.member.model, found.facets)


def _of_kin(expect: GroupExpectation, found: FoundModel) -> Member:
    """Return a model with what it shares with others: the units that the check says cells share, else its family."""
    units = tuple((facet, found.facets.get(facet, "?")) for facet in expect.clusters)
    if len(units) > 1:
        return replace(found.member, units=units)
    if units:
        return replace(found.member, family=" ".join(units[0]))
    return replace(found.member, family=family_of(found.member.model, found.facets))
