"""The query language over facets: ``source=laion&architecture=vit|cnn&samples>=1e9&resolution!=224``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal, cast

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.files.numbers import number_of
from robustcheck.models.catalogue import NUMERIC_FACETS, known_facets
from robustcheck.values import UNKNOWN, Query, Term, query_text

_Op = Literal["=", "!=", ">=", "<=", ">", "<"]
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_TERM = re.compile(r"^\s*([A-Za-z_][\w-]*)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*$")
_VALUE = re.compile(r"^\s*(>=|<=|!=|=|>|<)?\s*(.*?)\s*$")
_EXAMPLE = "terms joined by &, such as source=laion&architecture=vit|cnn&samples>=1e9"
Values = str | int | float | bool | Iterable[str | int | float | bool]


def is_query(text: str) -> bool:
    """Say whether a text is meant as a query: its first term compares something."""
    return _TERM.match(text.split("&")[0]) is not None


def parse_query(text: str, known: Mapping[str, frozenset[str]] | None = None) -> Query:
    """Parse a query; raise SetupError on its syntax, an unknown facet or an unknown value."""
    return check_query(tuple(_parse_term(term, text) for term in text.split("&")), known, text)


def query_from_dict(conditions: Mapping[str, Values], known: Mapping[str, frozenset[str]] | None = None) -> Query:
    """Turn ``{source: laion, architecture: [vit, cnn], samples: ">=1e9"}`` into a query."""
    terms = tuple(_term_of(facet, values) for facet, values in conditions.items())
    return check_query(terms, known, query_text(terms))


def check_query(query: Query, known: Mapping[str, frozenset[str]] | None, where: str) -> Query:
    """Return the query if every facet and value in it exists."""
    known = known_facets() if known is None else known
    for term in query:
        _check_facet(term, known, where)
        for value in term.values:
            _check_value(term, value, known, where)
    return query


def matches(query: Query, facets: Mapping[str, str]) -> bool:
    """Say whether facets fulfil every term; a missing facet is ``unknown``, which fulfils any other ``!=``."""
    return all(_holds(term, facets.get(term.facet)) for term in query)


def _parse_term(text: str, where: str) -> Term:
    found = _TERM.match(text)
    if found is None:
        raise SetupError(f"{text!r} is not a condition", where=where, expected=_EXAMPLE)
    return Term(found[1], cast(_Op, found[2]), tuple(value.strip() for value in found[3].split("|")))


def _term_of(facet: str, values: Values) -> Term:
    if isinstance(values, str) or not isinstance(values, Iterable):
        found = cast(re.Match[str], _VALUE.match(_as_text(values)))
        return Term(facet, cast(_Op, found[1] or "="), tuple(part.strip() for part in found[2].split("|")))
    return Term(facet, "=", tuple(_as_text(value) for value in values))


def _as_text(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _check_facet(term: Term, known: Mapping[str, frozenset[str]], where: str) -> None:
    if term.facet not in known:
        raise SetupError(
            f"unknown facet {term.facet!r}",
            where=where,
            expected="one of " + ", ".join(sorted(known)),
            fix=did_you_mean(term.facet, known),
        )
    if term.op in _OPERATORS and (len(term.values) != 1 or number_of(term.values[0]) is None):
        raise SetupError(
            f"{term.facet}{term.op} is followed by {'|'.join(term.values)!r}",
            where=where,
            expected=f"one number, such as {term.facet}{term.op}1e9",
        )


def _check_value(term: Term, value: str, facets: Mapping[str, frozenset[str]], where: str) -> None:
    known = facets[term.facet]
    if term.facet in NUMERIC_FACETS and number_of(value) is None:
        raise SetupError(f"{value!r} is no {term.facet}", where=where, expected="a number, such as 224 or 2e9")
    is_free = term.facet in NUMERIC_FACETS or term.op in _OPERATORS
    if is_free or value == UNKNOWN or any(_equal(value, candidate) for candidate in known):
        return
    raise SetupError(
        f"no model has {term.facet} {value!r}",
        where=where,
        expected="one of " + ", ".join(sorted(known)[:40]),
        fix=did_you_mean(value, known) or _other_facet(value, facets),
    )


def _other_facet(value: str, facets: Mapping[str, frozenset[str]]) -> str:
    """Return the condition that may be meant by a value that another facet has, or an empty text."""
    other = next((facet for facet, values in facets.items() if value in values), None)
    return "" if other is None else f"did you mean {other}={value}?"


def _holds(term: Term, value: str | None) -> bool:
    if value is None:
        return term.op in ("=", "!=") and (UNKNOWN in term.values) == (term.op == "=")
    if term.op in _OPERATORS:
        left, right = number_of(value), number_of(term.values[0])
        return left is not None and right is not None and _OPERATORS[term.op](left, right)
    return any(_equal(wanted, value) for wanted in term.values) == (term.op == "=")


@lru_cache(maxsize=65_536)
def _equal(wanted: str, value: str) -> bool:
    if wanted == value:
        return True
    if "*" in wanted or "?" in wanted:
        return fnmatchcase(value, wanted)
    left, right = number_of(wanted), number_of(value)
    return left is not None and left == right
