"""``for_each`` cases and ``${name}``: resolved on parsed values, never on text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from robustcheck.errors import did_you_mean
from robustcheck.files.spans import Mistake, Span
from robustcheck.files.yaml_scalars import scalar_text
from robustcheck.printing import shown
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.source import Loc
from robustcheck.values import Pairs

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_UNFIT = re.compile(r"\||\[|\]|::|[\x00-\x1f\x7f]|\$\{")
_MOST_CASES = 10_000
# These are not part of the assertion: the id is permanent, and words alone make no new check.
_FIXED = ("id", "for_each")
_WORDS = ("title", "why")


@dataclass(frozen=True, slots=True)
class Binding:
    """A variable's value and the place where it is written."""

    value: object
    span: Span


def expand_cases(scope: Scope, mistakes: Mistakes) -> list[tuple[Pairs, Scope]]:
    """Return one (case, check with its variables filled in) for each combination of ``for_each``."""
    data = scope.data
    if not isinstance(data, dict) or "for_each" not in data:
        return [((), fill_variables(scope, {}, mistakes))]
    axes = _axes(scope, data["for_each"], mistakes)
    if axes is None:
        return []
    cases = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    expanded = [(_pairs(case), fill_variables(scope, case, mistakes)) for case in cases]
    _refuse_unused(scope, axes, mistakes)
    _refuse_same_label(scope, [case for case, _ in expanded], mistakes)
    return expanded


def fill_variables(scope: Scope, variables: Mapping[str, Binding], mistakes: Mistakes) -> Scope:
    """Return the scope with each ``${name}`` replaced; a whole-value variable keeps its type."""
    filling = _Filling(scope, variables, mistakes)
    data = filling.fill(scope.data, ())
    return Scope(scope.document, scope.root, data, filling.filled, frozenset(filling.mixed))


@dataclass
class _Filling:
    scope: Scope
    variables: Mapping[str, Binding]
    mistakes: Mistakes
    filled: dict[Loc, Span] = field(default_factory=dict)
    mixed: set[Loc] = field(default_factory=set)

    def fill(self, value: object, loc: Loc) -> object:
        if isinstance(value, dict):
            return {
                key: item if loc == () and key in _FIXED else self.fill(item, (*loc, key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.fill(item, (*loc, index)) for index, item in enumerate(value)]
        return self._text(value, loc) if isinstance(value, str) and "${" in value else value

    def _text(self, text: str, loc: Loc) -> object:
        if not self._is_resolvable(text, loc):
            return text
        whole = _VARIABLE.fullmatch(text)
        if whole:
            binding = self.variables[whole[1]]
            self.filled[loc] = binding.span
            return binding.value
        self.mixed.add(loc)
        return _VARIABLE.sub(lambda match: scalar_text(self.variables[match[1]].value), text)

    def _is_resolvable(self, text: str, loc: Loc) -> bool:
        unknown = [name for name in _VARIABLE.findall(text) if name not in self.variables]
        if unknown:
            self._report(loc, f"unknown variable {unknown[0]!r}", did_you_mean(unknown[0], self.variables))
        elif "${" in _VARIABLE.sub("", text):
            self._report(loc, "a '${' without its '}'", "")
            return False
        return not unknown

    def _report(self, loc: Loc, summary: str, hint: str) -> None:
        known = ", ".join("${" + name + "}" for name in self.variables)
        expected = known or "a variable of the check's for_each, which has none here"
        self.mistakes.add(Mistake(self.scope.value_span(loc), summary, expected, hint), settled=True)


def _no_variables(for_each: object) -> str:
    return f"for_each is {shown(for_each)}" if for_each else "for_each names no variable"


def _axes(scope: Scope, for_each: object, mistakes: Mistakes) -> dict[str, list[Binding]] | None:
    if not isinstance(for_each, dict) or not for_each:
        expected = "variables and their values, such as {dataset: [imagenet-v2, imagenet-r]}"
        mistakes.at_key(scope, ("for_each",), _no_variables(for_each), expected=expected)
        return None
    axes = {name: _axis(scope, name, values, mistakes) for name, values in for_each.items()}
    count = 1
    for axis in axes.values():
        count *= len(axis)
    if count > _MOST_CASES:
        mistakes.at_key(scope, ("for_each",), f"for_each stands for {count} cases", expected=f"at most {_MOST_CASES}")
    return axes if 0 < count <= _MOST_CASES else None


def _axis(scope: Scope, name: str, values: object, mistakes: Mistakes) -> list[Binding]:
    loc: Loc = ("for_each", name)
    if not _NAME.fullmatch(name):
        expected = "small letters, digits and _, starting with a letter"
        mistakes.at_key(scope, loc, f"{name!r} cannot be the name of a variable", expected=expected)
    if not isinstance(values, list):
        expected = f"a list: [{scalar_text(values)}]" if isinstance(values, str | int | float) else "a list of values"
        mistakes.at_value(scope, loc, f"the values of {name!r} are not a list", expected=expected)
        values = [values]
    if not values:
        mistakes.at_value(scope, loc, f"{name!r} has no values, so the check would never run", expected="a value")
    return _bindings(scope, loc, values, mistakes)


def _bindings(scope: Scope, loc: Loc, values: list[Any], mistakes: Mistakes) -> list[Binding]:
    seen: set[str] = set()
    bindings: list[Binding] = []
    for index, value in enumerate(values):
        at = (*loc, index) if (*scope.root, *loc, index) in scope.document.values else loc
        text = scalar_text(value)
        if _is_unfit(value):
            expected = "a number, or text without | [ ] :: (it becomes part of the test's name)"
            mistakes.add(Mistake(scope.value_span(at), f"{text!r} cannot be a case", expected), settled=True)
        elif text in seen:
            mistakes.at_value(scope, at, f"{text!r} stands in the list twice", expected="each value once")
        seen.add(text)
        if isinstance(value, str | int | float):
            bindings.append(Binding(value, scope.value_span(at)))
    return bindings


def _is_unfit(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return True
    return value == "" or bool(_UNFIT.search(str(value)))


def _pairs(case: Mapping[str, Binding]) -> Pairs:
    return tuple((name, scalar_text(binding.value)) for name, binding in case.items())


def _refuse_unused(scope: Scope, axes: Mapping[str, object], mistakes: Mistakes) -> None:
    data = scope.data
    assert isinstance(data, dict)
    body = {key: value for key, value in data.items() if key not in (*_FIXED, *_WORDS)}
    used = set(_variables_in(body))
    if not used <= set(axes):
        return  # an unknown variable is reported, and it is most likely the unused one misspelt
    for name in axes:
        if name not in used:
            expected = f'"${{{name}}}" in measure or expect: without it every case is the same check'
            mistakes.at_key(scope, ("for_each", name), f"variable {name!r} is never used", expected=expected)


def _variables_in(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield from _VARIABLE.findall(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _variables_in(item)


def _refuse_same_label(scope: Scope, cases: list[Pairs], mistakes: Mistakes) -> None:
    # The values are joined by commas in a test's name: [a,b] x [c] reads like [a] x [b,c].
    labels: dict[str, Pairs] = {}
    for case in cases:
        label = ",".join(value for _, value in case)
        if labels.setdefault(label, case) != case:
            summary = f"two cases have the same name {label!r}"
            mistakes.at_key(scope, ("for_each",), summary, expected="values without commas")
