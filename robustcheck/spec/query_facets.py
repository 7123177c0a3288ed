"""The facet queries of an expectation, held against the facets that its models have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from robustcheck.errors import did_you_mean
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import Facets, KnownNames, is_path
from robustcheck.spec.problems import list_known
from robustcheck.spec.query import read_query
from robustcheck.spec.source import Loc


def check_facets(scope: Scope, loc: Loc, value: object, names: KnownNames, mistakes: Mistakes) -> None:
    """Report what is wrong with `among`, with a group, with the groups, or with the facets of `match`."""
    known = _known_to(scope, loc, names)
    if isinstance(value, dict):
        _check_query(scope, loc, value, known, mistakes)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            _check_query(scope, (*loc, index), item, known, mistakes)
        elif loc[-1] == "match" and isinstance(item, str) and known is not None:
            _check_facet(scope, (*loc, index), item, known, mistakes)


def _known_to(scope: Scope, loc: Loc, names: KnownNames) -> KnownNames | None:
    """Return the names with the facets of the populations' members, where there are populations.

    None for a user's own CSV, which alone knows its facets.
    """
    data: object = scope.data
    for step in loc[:-1]:
        data = data.get(step) if isinstance(data, dict) else None
    written = data.get("population") if isinstance(data, dict) else None
    populations = [item for item in (written if isinstance(written, list) else [written]) if isinstance(item, str)]
    if any(is_path(each) for each in populations):
        return None
    return replace(names, facets=_joined([names.population_facets(each) for each in populations]) or names.facets)


def _joined(facets: Sequence[Facets]) -> Facets:
    joined: dict[str, frozenset[str]] = {}
    for each in facets:
        for facet, values in each.items():
            joined[facet] = joined.get(facet, frozenset()) | values
    return joined


def _check_query(
    scope: Scope, loc: Loc, query: dict[str, object], known: KnownNames | None, mistakes: Mistakes
) -> None:
    # What is nested too deeply is reported where the check is validated.
    flat = {facet: value for facet, value in query.items() if not _is_nested(value)}
    if not query:
        mistakes.at_key(scope, loc, "the query has no condition", expected="facets, such as {source: laion}")
    elif known is not None and flat:
        read_query(scope, loc, flat, known, mistakes)


def _is_nested(value: object) -> bool:
    items = value if isinstance(value, list) else ()
    return isinstance(value, dict) or any(isinstance(item, dict | list) for item in items)


def _check_facet(scope: Scope, loc: Loc, facet: str, known: KnownNames, mistakes: Mistakes) -> None:
    if facet not in known.facets:
        summary, hint = f"unknown facet {facet!r}", did_you_mean(facet, known.facets)
        mistakes.at_value(scope, loc, summary, expected=list_known(known.facets), hint=hint)
