"""pydantic's errors in the words of an author, at the place in the file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from robustcheck.errors import did_you_mean
from robustcheck.files.yaml_scalars import scalar_text
from robustcheck.spec.misplaced import is_left_outside, lines_below, right_place
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.schema_parts import Schema, description_at, keys_at
from robustcheck.spec.source import Loc
from robustcheck.spec.suggestions import (
    suggest,
    suggest_amount,
    suggest_expectation,
    suggest_id,
    suggest_joined,
    suggest_query,
    suggest_spaced,
)
from robustcheck.values.expectations import KINDS

Model = TypeVar("Model", bound=BaseModel)
# pydantic puts the member of a union into the location of an error.
_UNION_MEMBER = re.compile(r"(str|int|float|bool|QuantityModel)|(list|dict)\[.*\]")
_BLOCK = "a block of keys and values, such as {key: value}"
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "list_type": "a list, such as [a, b]",
    "tuple_type": "a list, such as [a, b]",
    "dict_type": _BLOCK,
    "model_type": _BLOCK,
}


def validate_part(
    model: type[Model],
    scope: Scope,
    data: object,
    mistakes: Mistakes,
    *,
    base: Loc = (),
    words: type[BaseModel] | None = None,
    settings: Collection[str] = (),
) -> Model | None:
    """Return the validated model, or None after reporting every error in it.

    ``words`` is the model whose keys and descriptions the messages name, where that is another one; ``settings`` are
    the options of the metric, which people write in other places.
    """
    unknown: set[Loc] = set()
    try:
        return model.model_validate(data)
    except ValidationError as error:
        report = _Report(scope, data, mistakes, base, _schema(words or model), settings)
        details = list(_without_union_noise(error.errors(include_url=False), data))
        unknown.update(base + detail["loc"] for detail in details if detail["type"] == "extra_forbidden")
        for detail in details:
            if not report.is_said_already(detail, details):
                report.add(detail)
        return None
    finally:
        _refuse_nulls(scope, data, base, mistakes, unknown)


def _refuse_nulls(scope: Scope, data: object, loc: Loc, mistakes: Mistakes, unknown: Collection[Loc]) -> None:
    """Report keys without a value, which pydantic takes where None is the default; of unknown ones that was said."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in items:
        if value is None and (*loc, step) not in unknown:
            expected = "a value, or leave the key out"
            mistakes.at_key(scope, (*loc, step), f"{_key((*loc, step))!r} has no value", expected=expected)
        _refuse_nulls(scope, value, (*loc, step), mistakes, unknown)


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _without_union_noise(details: list[Any], data: object) -> Iterator[Any]:
    """Keep, of the errors of one union, those of the member that got deepest into the value."""
    members: dict[Loc, dict[str | int, list[Any]]] = {}
    for detail in details:
        union = _union_of(detail["loc"], data)
        if union is None:
            yield detail
        else:
            step = detail["loc"][len(union)]
            plain = {**detail, "loc": (*union, *detail["loc"][len(union) + 1 :])}
            members.setdefault(union, {}).setdefault(step, []).append(plain)
    for by_step in members.values():
        yield from max(by_step.values(), key=lambda own: max(len(each["loc"]) for each in own))


def _union_of(loc: Loc, data: object) -> Loc | None:
    for index, step in enumerate(loc):
        inside = _step(data, step)
        if inside is _NOTHING and isinstance(step, str) and _UNION_MEMBER.fullmatch(step):
            return loc[:index]
        data = inside
    return None


_NOTHING = object()


def _step(data: object, step: str | int) -> object:
    if isinstance(data, dict) and step in data:
        return data[step]
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return _NOTHING


@dataclass(frozen=True, slots=True)
class _Report:
    """The translation of the errors of one validated part."""

    scope: Scope
    data: object
    mistakes: Mistakes
    base: Loc
    schema: Schema
    settings: Collection[str]

    def is_said_already(self, detail: Mapping[str, Any], details: list[Any]) -> bool:
        """Tell whether another error is about the same mistake: a key that is missing here and stands elsewhere."""
        unknown = [other["loc"] for other in details if other["type"] == "extra_forbidden"]
        if detail["type"] == "extra_forbidden":
            lacking = {other["loc"] for other in details if other["type"] == "missing"}
            return is_left_outside(self.schema, self.data, detail["loc"], lacking)
        if detail["type"] != "missing":
            return False
        return any(self._is_misspelt(detail["loc"], loc) or _is_one_too_high(detail["loc"], loc) for loc in unknown)

    def _is_misspelt(self, missing: Loc, unknown: Loc) -> bool:
        """Tell whether a missing key is there under a wrong name."""
        meant = suggest(str(unknown[-1]), keys_at(self.schema, unknown[:-1]))
        return missing[:-1] == unknown[:-1] and repr(missing[-1]) in meant

    def add(self, detail: Mapping[str, Any]) -> None:
        kind, loc, value = detail["type"], detail["loc"], detail["input"]
        place = self.base + self._in_data(loc)
        if kind == "extra_forbidden":
            self._unknown_key(loc, place)
        elif kind == "missing":
            self._missing_key(loc)
        elif value is None:
            said = _lower_first(description_at(self.schema, loc)).rstrip(".") if kind == "string_type" else ""
            hint, expected = lines_below(self.schema, self.data, loc), said or self._wanted(detail)
            self.mistakes.at_key(self.scope, place, f"{_key(place)!r} has no value", expected=expected, hint=hint)
        elif kind == "literal_error":
            self._unknown_choice(detail, place)
        elif kind == "value_error":
            self._own_words(str(detail["ctx"]["error"]), place, value)
        else:
            self._wrong_type(detail, place)

    def _in_data(self, loc: Loc) -> Loc:
        """Drop the steps that pydantic adds: members of a union, and the long form of a shorthand."""
        data, place = self.data, []
        for step in loc:
            inside = _step(data, step)
            if inside is not _NOTHING:
                place.append(step)
                data = inside
        return tuple(place)

    def _unknown_key(self, loc: Loc, place: Loc) -> None:
        name = str(loc[-1])
        known = keys_at(self.schema, loc[:-1])
        what = "expectation" if loc[-2:-1] == ("expect",) else "key"
        where = f" in {_key(place[:-1])!r}" if what == "key" and _key(place[:-1]) else ""
        expected = f"one of {', '.join(known)}" if known else ""
        hint = (
            suggest_spaced(name, known)
            or suggest(name, known)
            or right_place(self.schema, loc[:-1], name, self.settings)
        )
        self.mistakes.at_key(self.scope, place, f"unknown {what} {name!r}{where}", expected=expected, hint=hint)

    def _missing_key(self, loc: Loc) -> None:
        place, name = self.base + self._in_data(loc[:-1]), loc[-1]
        if isinstance(name, int):
            self.mistakes.at_value(self.scope, place, f"{_key(place)!r} needs two values", expected="[low, high]")
            return
        owner = f" in {_key(place)!r}" if _key(place) else ""
        meaning = _lower_first(description_at(self.schema, loc)).rstrip(".") or "..."
        hint, expected = lines_below(self.schema, self.data, loc), f"{name}: {meaning}"
        self.mistakes.at_key(self.scope, place, f"missing key {name!r}{owner}", expected=expected, hint=hint)

    def _unknown_choice(self, detail: Mapping[str, Any], place: Loc) -> None:
        choices = [choice.strip("'") for choice in re.split(r", | or ", detail["ctx"]["expected"])]
        text = scalar_text(detail["input"])
        expected = f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
        self.mistakes.at_value(
            self.scope,
            place,
            f"{_name_key(place)} cannot be {text!r}",
            expected=expected,
            hint=did_you_mean(text, choices),
        )

    def _own_words(self, message: str, place: Loc, value: object) -> None:
        if message.startswith("give exactly one"):
            summary, hint = f"{_name_key(place)} has {_held(value)}", _two_checks(place, value)
            self.mistakes.at_key(self.scope, place, summary, expected=message.removeprefix("give "), hint=hint)
            return
        if not message.startswith("expected "):
            self.mistakes.at_key(self.scope, place, message)
            return
        summary, expected = f"{_name_key(place)} cannot be {_shown(value)}", message.removeprefix("expected ")
        hint = suggest_amount(value) if isinstance(value, str) and "amount" in expected else ""
        if isinstance(value, str) and place[-1:] == ("id",):
            hint = suggest_id(value)
        if isinstance(value, str) and expected.startswith(f"{value},"):
            hint = f"did you mean {value}, without quotes?"
        self.mistakes.at_value(self.scope, place, summary, expected=expected, hint=hint)

    def _wrong_type(self, detail: Mapping[str, Any], place: Loc) -> None:
        value, wanted = detail["input"], self._wanted(detail)
        hint = ""
        if detail["type"] == "string_type" and isinstance(value, bool | int | float):
            hint = f'did you mean "{scalar_text(value)}", in quotes?'
        if detail["type"] == "list_type" and isinstance(value, str | int | float):
            hint = f"did you mean [{scalar_text(value)}]?"
        if detail["type"] == "list_type" and isinstance(value, dict) and value:
            hint = f"did you mean '- {next(iter(value))}: ...', with a dash for each entry?"
        if detail["type"] == "string_type" and isinstance(value, dict):
            hint = suggest_query(value) if "options" in place else suggest_joined(value)
        if isinstance(value, list) and value and "a block" in wanted and all(isinstance(one, dict) for one in value):
            hint = "the same keys without the dashes before them"
        if detail["type"] == "string_type" and isinstance(value, list) and value and "measure" in place:
            name = _key(place)
            hint = f'for several: for_each: {{{name}: [...]}} and {name}: "${{{name}}}"'
        if place[-1:] == ("expect",) and isinstance(value, str):
            hint = suggest_expectation(value)
        self.mistakes.at_value(
            self.scope, place, f"{_name_key(place)} cannot be {_shown(value)}", expected=wanted, hint=hint
        )

    def _wanted(self, detail: Mapping[str, Any]) -> str:
        keys = keys_at(self.schema, detail["loc"])
        *owner, kind = detail["loc"] or ("",)
        if owner[-1:] == ["expect"] and kind in KINDS and "\n" not in (example := _example(str(kind))):
            return f"a limit, as in {example}"
        # What a description shows is nearer to what was meant than any block.
        shown = re.search(r"\{.*\}", description_at(self.schema, detail["loc"])) if not keys else None
        if shown and detail["type"] == "dict_type":
            return f"a block of keys and values, such as {shown[0]}"
        return f"a block with the keys {', '.join(keys)}" if keys else _wanted(detail)


def _example(kind: str) -> str:
    """Return how a kind of expectation is written, without the warning."""
    return KINDS[kind].example.partition("\nwarn")[0].removeprefix("expect: ")


def _wanted(detail: Mapping[str, Any]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "greater_than_equal":
        return f"a whole number from {context['ge']}"
    if kind in {"too_short", "too_long"}:
        return f"{context.get('min_length', context.get('max_length'))} values"
    if kind == "value_error":
        return str(context["error"]).removeprefix("expected ")
    return _WANTED.get(kind, str(detail["msg"]).replace("Input should be ", ""))


def _key(loc: Loc) -> str:
    return next((str(step) for step in reversed(loc) if isinstance(step, str)), "")


def _name_key(loc: Loc) -> str:
    entry = "an entry of " if loc and isinstance(loc[-1], int) else ""
    return f"{entry}{_key(loc)!r}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a block of keys and values"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value) if isinstance(value, str | float) else scalar_text(value)


def _held(value: object) -> str:
    """Name the keys of a block, of which there are too many or too few."""
    keys = [repr(key) for key in value] if isinstance(value, dict) else []
    return " and ".join(filter(None, (", ".join(keys[:-1]), *keys[-1:]))) if keys else "nothing in it"


def _two_checks(place: Loc, value: object) -> str:
    is_expect = place[-1:] == ("expect",) and isinstance(value, dict) and len(value) > 1
    return "a second limit is a check of its own; two ends of a range are between: [40%, 60%]" if is_expect else ""


def _is_one_too_high(missing: Loc, unknown: Loc) -> bool:
    """Tell whether a missing key stands beside the block that lacks it."""
    return missing[:-2] == unknown[:-1] and missing[-1] == unknown[-1]


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
