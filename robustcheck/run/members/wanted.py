"""Which models count in a check about groups: by their facets, or by a file of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from robustcheck.errors import RecordError, SetupError
from robustcheck.models.facets import matches, query_from_dict
from robustcheck.populations import load_population, read_pairs
from robustcheck.run.members.gathered import Facets
from robustcheck.values import Query
from robustcheck.values.expectations import GroupExpectation, Improves

Known = Mapping[str, frozenset[str]]
IsWanted = Callable[[str, Facets], bool]


def wanted(expect: GroupExpectation) -> IsWanted:
    """Return the test of a model: it has the facets of `among` and those of a group, or a file of pairs names it."""
    among, groups = query_of(expect, expect.among), [query_of(expect, query) for query in expect.queries]
    named = {name for pair in named_pairs(expect) for name in pair}

    def is_wanted(model: str, facets: Facets) -> bool:
        in_group = any(matches(query, facets) for query in groups) if groups else not named or model in named
        return in_group and matches(among, facets)

    return is_wanted


def query_of(expect: GroupExpectation, query: Mapping[str, str | list[str]]) -> Query:
    """Return a query as terms; raise RecordError where it names a facet or value that no model has."""
    known = _known(expect)
    try:
        return query_from_dict(query, known)
    except SetupError as error:
        where = f"the population {', '.join(expect.populations)}" if known else error.where
        raise RecordError(error.found, where=where, expected=error.expected, fix=error.fix) from error


def _known(expect: GroupExpectation) -> Known | None:
    """Return the facets of the populations' members together; None for those of the models of a run."""
    if not expect.populations:
        return None
    known: dict[str, frozenset[str]] = {}
    for population in map(load_population, expect.populations):
        for facet, values in population.known_facets.items():
            known[facet] = known.get(facet, frozenset()) | values
    return known


def named_pairs(expect: GroupExpectation) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a file, where the check names one."""
    return read_pairs(Path(expect.pairs)) if isinstance(expect, Improves) and expect.pairs else ()
