"""Which models count in a check about groups: by their facets, or by a file of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.errors import RecordError, SetupError
from robustcheck.models.facets import matches, query_from_dict
from robustcheck.populations import load_population, read_pairs
from robustcheck.run.members.gathered import Facets
from robustcheck.values import Query
from robustcheck.values.expectations import GroupExpectation

Known = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Membership:
    """The facets that every model must have, those of each group, and the pairs that a file names.

    ``line`` are the facets of the models that only draw the line, where such do.
    """

    among: Query
    groups: tuple[Query, ...]
    pairs: tuple[tuple[str, str], ...]
    line: Query | None = None

    def has(self, model: str, facets: Facets) -> bool:
        """Say whether a model counts: it has the facets of `among`, and those of a group or a place in the file."""
        if self.groups:
            is_in_a_group = any(matches(query, facets) for query in self.groups)
        else:
            is_in_a_group = not self.pairs or any(model in pair for pair in self.pairs)
        return (is_in_a_group or self.draws_line(facets)) and matches(self.among, facets)

    def draws_line(self, facets: Facets) -> bool:
        """Say whether a model is of those that only draw the line."""
        return self.line is not None and matches(self.line, facets)


def read_membership(expect: GroupExpectation) -> Membership:
    """Read the queries and the pairs of a check; raise RecordError for a facet or value that no model has."""
    known = _known_facets(expect)
    groups = tuple(_read_query(expect, query, known) for query in expect.queries)
    pairs = read_pairs(Path(expect.pairing.file)) if expect.pairing and expect.pairing.file else ()
    line = None if expect.line_query is None else _read_query(expect, expect.line_query, known)
    return Membership(_read_query(expect, expect.among, known), groups, pairs, line)


def _read_query(expect: GroupExpectation, query: Mapping[str, str | list[str]], known: Known | None) -> Query:
    try:
        return query_from_dict(query, known)
    except SetupError as error:
        where = f"the population {', '.join(expect.populations)}" if known else error.where
        raise RecordError(error.found, where=where, expected=error.expected, fix=error.fix) from error


def _known_facets(expect: GroupExpectation) -> Known | None:
    """Return the facets of the populations' members together; None for those of the models of a run."""
    if not expect.populations:
        return None
    known: dict[str, frozenset[str]] = {}
    for population in map(load_population, expect.populations):
        for facet, values in population.known_facets.items():
            known[facet] = known.get(facet, frozenset()) | values
    return known
