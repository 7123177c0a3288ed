"""Facet queries: ``{source: laion}`` or ``source=laion&samples>=1e9``, checked against the known facets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal, cast

from robustcheck.errors import did_you_mean
from robustcheck.files.yaml_scalars import scalar_text
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import KnownNames
from robustcheck.spec.problems import list_known
from robustcheck.spec.source import Loc
from robustcheck.values import UNKNOWN, Query, Term

Op = Literal["=", "!=", ">=", "<=", ">", "<"]

_TERM = re.compile(r"\s*([A-Za-z_][\w-]*)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*")
_CONDITION = re.compile(r"\s*(>=|<=|!=|=|>|<)?\s*(.*?)\s*", re.DOTALL)
_EXAMPLE = "a query such as {source: laion} or source=laion&architecture=vit|cnn"


def read_query(scope: Scope, loc: Loc, value: object, names: KnownNames, mistakes: Mistakes) -> Query:
    """Return the query that a mapping or text stands for, reporting what is wrong with it."""
    if isinstance(value, dict):
        return tuple(_dict_terms(scope, loc, value, names, mistakes))
    if isinstance(value, str):
        return tuple(_text_terms(scope, loc, value, names, mistakes))
    mistakes.at_key(scope, loc, f"{loc[-1]!r} is not a query", expected=_EXAMPLE)
    return ()


def is_query_text(text: str) -> bool:
    """Tell a query from a model reference or the name of a set."""
    return all(_TERM.fullmatch(part) for part in text.split("&"))


def _dict_terms(
    scope: Scope, loc: Loc, query: dict[str, object], names: KnownNames, mistakes: Mistakes
) -> Iterator[Term]:
    if not query:
        mistakes.at_key(scope, loc, "the query has no condition", expected=_EXAMPLE)
    for facet, value in query.items():
        if not is_known_facet(scope, (*loc, facet), facet, names, mistakes):
            continue
        term = _condition(facet, value)
        if isinstance(term, str):
            report = mistakes.at_key if value is None else mistakes.at_value
            report(scope, (*loc, facet), term, expected="a value, a list of values, or a condition")
            continue
        check_values(scope, (*loc, facet), term, names, mistakes)
        yield term


def _text_terms(scope: Scope, loc: Loc, text: str, names: KnownNames, mistakes: Mistakes) -> Iterator[Term]:
    for part in text.split("&"):
        match = _TERM.fullmatch(part)
        if match is None:
            hint = _facet_with_value(part.strip(), names)
            mistakes.at_value(scope, loc, f"{part.strip()!r} is not a condition", expected=_EXAMPLE, hint=hint)
        elif is_known_facet(scope, loc, match[1], names, mistakes):
            term = _condition(match[1], match[2] + match[3])
            if isinstance(term, str):
                mistakes.at_value(scope, loc, term, expected=_EXAMPLE)
                continue
            check_values(scope, loc, term, names, mistakes)
            yield term


def is_known_facet(scope: Scope, loc: Loc, facet: str, names: KnownNames, mistakes: Mistakes) -> bool:
    """Report a facet that no model has."""
    if facet in names.facets:
        return True
    summary, hint = f"unknown facet {facet!r}", did_you_mean(facet, names.facets)
    report = mistakes.at_key if loc and loc[-1] == facet else mistakes.at_value
    report(scope, loc, summary, expected=list_known(names.facets), hint=hint)
    return False


def check_values(scope: Scope, loc: Loc, term: Term, names: KnownNames, mistakes: Mistakes) -> None:
    """Report values that no model has, so that a query does not silently match nothing."""
    known = names.facets[term.facet]
    if term.op not in {"=", "!="} or not known or all(_is_number(value) for value in known):
        return
    for index, value in enumerate(term.values):
        if value != UNKNOWN and not any(fnmatchcase(each, value) for each in known):
            item = (*loc, index)
            at = item if (*scope.root, *item) in scope.document.values else loc
            summary = f"no model has {term.facet} {value!r}"
            mistakes.at_value(scope, at, summary, expected=list_known(known), hint=did_you_mean(value, known))


def _condition(facet: str, value: object) -> Term | str:
    """Return the term, or a sentence that says what is wrong."""
    if isinstance(value, list):
        texts = [_facet_text(item) if isinstance(item, str | int | float) else "" for item in value]
        return Term(facet, "=", tuple(texts)) if texts and all(texts) else f"{facet!r} has no value"
    if value is None or isinstance(value, dict):
        return f"{facet!r} has no value"
    match = _CONDITION.fullmatch(_facet_text(value))
    op = cast(Op, (match and match[1]) or "=")
    values = tuple(part.strip() for part in (match[2] if match else "").split("|"))
    if not all(values):
        return f"{facet!r} has no value"
    if op in {">=", "<=", ">", "<"} and not (len(values) == 1 and _is_number(values[0])):
        return f"{'|'.join(values)!r} is not a number that {facet!r} can be compared with"
    return Term(facet, op, values)


def _facet_text(value: object) -> str:
    # The tables say yes and no, which YAML readers may take for true and false.
    if isinstance(value, bool):
        return "yes" if value else "no"
    return scalar_text(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _facet_with_value(text: str, names: KnownNames) -> str:
    owners = [facet for facet, values in sorted(names.facets.items()) if text in values]
    return f"did you mean '{owners[0]}={text}'?" if owners else ""
