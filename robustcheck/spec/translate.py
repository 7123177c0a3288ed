"""pydantic's errors in the words of an author, at the place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from robustcheck.errors import did_you_mean
from robustcheck.files.yaml_scalars import scalar_text
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.source import Loc
from robustcheck.spec.suggestions import suggest, suggest_amount, suggest_expectation
from robustcheck.values.expectations import KINDS

Model = TypeVar("Model", bound=BaseModel)
Schema = Mapping[str, Any]

# pydantic puts the member of a union into the location of an error.
_UNION_MEMBER = re.compile(r"(str|int|float|bool)|(list|dict)\[.*\]")
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
) -> Model | None:
    """Return the validated model, or None after reporting every error in it.

    ``words`` is the model whose keys and descriptions the messages name, where that is another one.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        report = _Report(scope, data, mistakes, base, _schema(words or model))
        details = list(_without_union_noise(error.errors(include_url=False), data))
        for detail in details:
            if not report.is_misspelt(detail, details):
                report.add(detail)
        return None
    finally:
        _refuse_nulls(scope, data, base, mistakes)


def _refuse_nulls(scope: Scope, data: object, loc: Loc, mistakes: Mistakes) -> None:
    """Report keys without a value, which pydantic takes where None is the default."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in items:
        if value is None:
            expected = "a value, or leave the key out"
            mistakes.at_key(scope, (*loc, step), f"{_key((*loc, step))!r} has no value", expected=expected)
        _refuse_nulls(scope, value, (*loc, step), mistakes)


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _without_union_noise(details: list[Any], data: object) -> Iterator[Any]:
    """Keep, of the errors of one union, the one that got deepest into the value."""
    deepest: dict[Loc, Any] = {}
    for detail in details:
        union = _union_of(detail["loc"], data)
        if union is None:
            yield detail
        elif union not in deepest or len(detail["loc"]) > len(deepest[union]["loc"]):
            deepest[union] = detail
    yield from deepest.values()


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


class _Report:
    """The translation of the errors of one validated part."""

    def __init__(self, scope: Scope, data: object, mistakes: Mistakes, base: Loc, schema: Schema) -> None:
        self.scope, self.data, self.mistakes, self.base, self.schema = scope, data, mistakes, base, schema

    def is_misspelt(self, missing: Mapping[str, Any], details: list[Any]) -> bool:
        """Tell whether a missing key is there under a wrong name, which is one mistake and not two."""
        if missing["type"] != "missing":
            return False
        *owner, name = missing["loc"]
        unknown = [other["loc"] for other in details if other["type"] == "extra_forbidden"]
        return any(
            list(loc[:-1]) == owner and repr(name) in did_you_mean(str(loc[-1]), _keys_at(self.schema, loc[:-1]))
            for loc in unknown
        )

    def add(self, detail: Mapping[str, Any]) -> None:
        kind, loc, value = detail["type"], detail["loc"], detail["input"]
        place = self.base + self._in_data(loc)
        if kind == "extra_forbidden":
            self._unknown_key(loc, place)
        elif kind == "missing":
            self._missing_key(loc)
        elif value is None:
            expected = self._wanted(detail)
            self.mistakes.at_key(self.scope, place, f"{_key(place)!r} has no value", expected=expected)
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
        known = _keys_at(self.schema, loc[:-1])
        what = "expectation" if loc[-2:-1] == ("expect",) else "key"
        where = f" in {_key(place[:-1])!r}" if what == "key" and _key(place[:-1]) else ""
        expected = f"one of {', '.join(known)}" if known else ""
        hint = suggest(name, known) or _belongs(self.schema, loc[:-1], name)
        self.mistakes.at_key(self.scope, place, f"unknown {what} {name!r}{where}", expected=expected, hint=hint)

    def _missing_key(self, loc: Loc) -> None:
        place, name = self.base + self._in_data(loc[:-1]), loc[-1]
        if isinstance(name, int):
            self.mistakes.at_value(self.scope, place, f"{_key(place)!r} needs two values", expected="[low, high]")
            return
        owner = f" in {_key(place)!r}" if _key(place) else ""
        meaning = _lower_first(_description(self.schema, loc)).rstrip(".") or "..."
        self.mistakes.at_key(self.scope, place, f"missing key {name!r}{owner}", expected=f"{name}: {meaning}")

    def _unknown_choice(self, detail: Mapping[str, Any], place: Loc) -> None:
        choices = [choice.strip("'") for choice in re.split(r", | or ", detail["ctx"]["expected"])]
        text = scalar_text(detail["input"])
        expected = f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
        self.mistakes.at_value(
            self.scope,
            place,
            f"{_named(place)} cannot be {text!r}",
            expected=expected,
            hint=did_you_mean(text, choices),
        )

    def _own_words(self, message: str, place: Loc, value: object) -> None:
        if not message.startswith("expected "):
            self.mistakes.at_key(self.scope, place, message)
            return
        summary, expected = f"{_named(place)} cannot be {_shown(value)}", message.removeprefix("expected ")
        hint = suggest_amount(value) if isinstance(value, str) and "amount" in expected else ""
        self.mistakes.at_value(self.scope, place, summary, expected=expected, hint=hint)

    def _wrong_type(self, detail: Mapping[str, Any], place: Loc) -> None:
        value, wanted = detail["input"], self._wanted(detail)
        hint = ""
        if detail["type"] == "string_type" and isinstance(value, bool | int | float):
            hint = f'did you mean "{scalar_text(value)}", in quotes?'
        if detail["type"] == "list_type" and isinstance(value, str | int | float):
            hint = f"did you mean [{scalar_text(value)}]?"
        if detail["type"] == "string_type" and isinstance(value, list) and value:
            name = _key(place)
            hint = f'for several: for_each: {{{name}: [...]}} and {name}: "${{{name}}}"'
        if place[-1:] == ("expect",) and isinstance(value, str):
            hint = suggest_expectation(value)
        self.mistakes.at_value(
            self.scope, place, f"{_named(place)} cannot be {_shown(value)}", expected=wanted, hint=hint
        )

    def _wanted(self, detail: Mapping[str, Any]) -> str:
        keys = _keys_at(self.schema, detail["loc"])
        *owner, kind = detail["loc"] or ("",)
        if owner[-1:] == ["expect"] and kind in KINDS and "\n" not in (example := _example(str(kind))):
            return f"a limit, as in {example}"
        return f"a block with the keys {', '.join(keys)}" if keys else _wanted(detail)


def _example(kind: str) -> str:
    """Return how a kind of expectation is written, without the warning."""
    return KINDS[kind].example.partition("\nwarn")[0].removeprefix("expect: ")


def _belongs(schema: Schema, loc: Loc, name: str) -> str:
    """Say where a key belongs that stands one block too high."""
    inner = [key for key in _keys_at(schema, loc) if name in _keys_at(schema, (*loc, key))]
    if inner:
        return f"put {name!r} into {inner[0]!r}"
    return f"a setting of the metric stands in options: {{{name}: ...}}" if loc[-1:] == ("measure",) else ""


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


def _named(loc: Loc) -> str:
    entry = "an entry of " if loc and isinstance(loc[-1], int) else ""
    return f"{entry}{_key(loc)!r}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a block of keys and values"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return repr(value) if isinstance(value, str) else scalar_text(value)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _keys_at(schema: Schema, loc: Loc) -> list[str]:
    return [key for variant in _variants(_schema_at(schema, loc), schema) for key in variant.get("properties", {})]


def _schema_at(schema: Schema, loc: Loc) -> Schema:
    node: Schema = schema
    for step in loc:
        node = next(filter(None, (_child(variant, step) for variant in _variants(node, schema))), {})
    return node


def _description(schema: Schema, loc: Loc) -> str:
    # pydantic leaves a key's description out where it equals that of the block it refers to.
    node = _schema_at(schema, loc)
    candidates = [node, *_variants(node, schema)]
    return next((str(each["description"]) for each in candidates if "description" in each), "")


def _variants(node: Schema, schema: Schema) -> Iterator[Schema]:
    if "$ref" in node:
        yield from _variants(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    elif "anyOf" in node:
        for variant in node["anyOf"]:
            yield from _variants(variant, schema)
    else:
        yield node


def _child(node: Schema, step: str | int) -> Schema:
    found = node.get("items") if isinstance(step, int) else node.get("properties", {}).get(step)
    return found if isinstance(found, dict) else {}
