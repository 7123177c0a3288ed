"""The names that a suite may use as parts of its JSON Schema, so that an editor completes them and marks the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from pydantic import BaseModel

from robustcheck.spec.joined_lists import LISTED
from robustcheck.spec.names import KnownNames, KnownOption
from robustcheck.values.expectations import KINDS, QuantityModel
from robustcheck.values.expectations.fields import Known, named_by

Node = dict[str, Any]

VARIABLE: Node = {"type": "string", "pattern": r"\$\{[^{}]*\}"}
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
# Sizes as a list or a range: 1/255 2/255, 1..9/1000.
_FRACTION = rf"({_NUMBER}|\d+/\d+|\d+\.\.\d+(/\d+)?)"
_FILE = r"/|\.(csv|txt|json|jsonl|log(:[0-9]+)?)$"
# A reference, a glob, a query, a file or several: anything but a single word, which must be a set.
_MODEL_TEXT = r"[:/*?=<>@,+]|\.(yaml|yml|pt|pth|bin|ckpt|safetensors)$"
# A facet of more values than these is not completed: nobody looks through a list of a thousand backbones.
_MOST_VALUES = 60
_TITLES: dict[Known, str] = {
    "metric": "MetricName",
    "dataset": "DatasetName",
    "transform": "TransformName",
    "prompt set": "PromptSetName",
    "population": "PopulationName",
    "pairs": "PairsFile",
    "model": "ModelText",
}
_TRUTHS = [True, False, "true", "false", "yes", "no", "on", "off"]


def name_in_schema(schema: Node, names: KnownNames) -> None:
    """Write the names into a schema, in place: each key that names something takes only what is known, or a path."""
    definitions = schema["$defs"]
    definitions |= {_TITLES[what]: node for what in _TITLES if (node := _named(what, names)) is not None}
    definitions["Facets"] = {"properties": _known_facets(names)}
    models: tuple[type[BaseModel], ...] = (QuantityModel, *KINDS.values())
    for model in models:
        properties = definitions[model.__name__]["properties"]
        for name, field in model.model_fields.items():
            key, what = field.alias or name, named_by(field)
            if what is not None:
                properties[key] = _naming(properties[key], what, names)
    definitions["QuantityModel"]["allOf"] = [*_option_rules(names), *_slice_rules(names)]
    for properties in (schema["properties"], definitions["CheckModel"]["properties"]):
        for key in {"models", "applies_to"} & properties.keys():
            properties[key] = _query(properties[key], key, names)


def _naming(node: Node, what: Known, names: KnownNames) -> Node:
    """Return the schema of a key whose value, or whose values, name something."""
    if what == "slice":
        return _slice(names, node)
    if what == "facets":
        return _facets(names, node)
    if what not in _TITLES:
        return node
    found = _ref(_TITLES[what])
    words: Node = {key: node[key] for key in ("title", "description", "default") if key in node}
    lists = [each for each in node.get("anyOf", ()) if each.get("type") == "array"]
    if lists:
        return {"anyOf": [found, {**lists[0], "items": found}], **words}
    return {**found, **words}


def _named(what: Known, names: KnownNames) -> Node | None:
    nodes: dict[Known, Node] = {
        "metric": _any_of(_one_of(names.metrics)),
        "dataset": _dataset(names),
        "transform": _any_of(_one_of(_transforms(names))),
        "prompt set": _any_of(_one_of(names.prompts), _numbers(names.prompts), _text(_FILE)),
        "population": _any_of(_one_of(names.populations), _text(_FILE)),
        "pairs": _any_of(_text(_FILE)),
        "model": _model(names),
    }
    return nodes.get(what)


def _dataset(names: KnownNames) -> Node:
    """Return the schema of a data set: a name, a subset of a family, or a path."""
    families = "|".join(map(re.escape, sorted(names.families)))
    path = rf"^(?!({families})/).*({_FILE})" if families else _FILE
    subsets = [_text(_subset(name, axes)) for name, axes in sorted(names.families.items())]
    of_figures = {dataset for population in names.populations for dataset in names.population_datasets(population)}
    return _any_of(_one_of({*names.datasets, *of_figures}), *subsets, _text(path))


def _model(names: KnownNames) -> Node:
    return _any_of(_one_of(names.model_sets), _text(_MODEL_TEXT))


def _facets(names: KnownNames, node: Node) -> Node:
    """Return queries whose facets are completed with their values; other facets belong to a user's own table."""
    if node.get("type") == "array":
        return {**node, "items": _facets(names, node["items"])}
    if node.get("type") != "object":
        return node
    return {**node, **_ref("Facets")}


def _known_facets(names: KnownNames) -> Node:
    listed = {facet: sorted(known) for facet, known in sorted(names.facets.items())}
    return {
        facet: {"anyOf": [{"enum": known}, {"type": ["string", "number", "boolean", "array"]}]}
        if 0 < len(known) <= _MOST_VALUES
        else {}
        for facet, known in listed.items()
    }


def _query(node: Node, key: str, names: KnownNames) -> Node:
    """Return the models of a suite, or whom it is meant for: only facets of the catalogue tell them apart."""
    if "anyOf" in node:
        return {**node, "anyOf": [_query(variant, key, names) for variant in node["anyOf"]]}
    if node.get("type") == "array":
        return {**node, "items": _query(node["items"], key, names)}
    if node.get("type") == "object":
        return {**_facets(names, node), "propertyNames": _one_of(names.facets)}
    return _ref("ModelText") if key == "models" and node.get("type") == "string" and "pattern" not in node else node


def _slice(names: KnownNames, node: Node) -> Node:
    """Return a slice that knows the class sets, and the axes of families of data sets."""
    classes = {"classes": _any_of(_one_of(names.class_sets))}
    axes = sorted({axis for family in names.families.values() for axis, _ in family})
    return {**node, "properties": classes | dict.fromkeys(axes, node["additionalProperties"])}


def _slice_rules(names: KnownNames) -> list[Node]:
    """Return a rule for each data set with columns of its own: which they are, and the values of each."""
    return [
        {
            "if": {"properties": {"dataset": _text(rf"^{re.escape(dataset)}(/|$)")}, "required": ["dataset"]},
            "then": {"properties": {"where": {"properties": {name: _cells(values) for name, values in columns}}}},
        }
        for dataset, columns in sorted(names.columns.items())
        if columns
    ]


def _cells(values: tuple[str, ...]) -> Node:
    truths: list[Node] = [{"type": "boolean"}] if {"true", "false"} & set(values) else []
    return _any_of(_one_of(values), _numbers(values), *truths) if values else {}


def _option_rules(names: KnownNames) -> list[Node]:
    """Return a rule for each metric: which options it has, and what each may be."""
    return [
        {"if": metric_is([metric]), "then": _with_options(names.options.get(metric, {}))}
        for metric in sorted(names.metrics)
    ]


def metric_is(metrics: Iterable[str]) -> Node:
    """Return the condition that a quantity has one of these metrics."""
    return {"properties": {"metric": {"enum": sorted(metrics)}}, "required": ["metric"]}


def _with_options(options: Mapping[str, KnownOption]) -> Node:
    node: Node = {"properties": {"options": _options(options)}}
    return {**node, "required": ["options"]} if _required(options) else node


def _options(options: Mapping[str, KnownOption]) -> Node:
    if not options:
        return {"maxProperties": 0}
    known = {name: _option(option) for name, option in sorted(options.items())}
    required = _required(options)
    return {"properties": known, "additionalProperties": False, **({"required": required} if required else {})}


def _required(options: Mapping[str, KnownOption]) -> list[str]:
    return sorted(name for name, option in options.items() if option.is_required)


def _option(option: KnownOption) -> Node:
    if option.sort in ("data set", "model"):
        return _ref("DatasetName" if option.sort == "data set" else "ModelText")
    if option.sort == "models":
        return _any_of({"type": "string"}, {"type": "array", "items": _ref("ModelText"), "minItems": 1})
    if option.choices:
        return _any_of(_one_of(option.choices), _numbers(option.choices))
    if option.sort == "switch":
        return _any_of({"enum": _TRUTHS})
    patterns = {"number": rf"^\s*{_NUMBER}\s*$", "fraction": rf"^\s*{_NUMBER}(\s*/\s*\d+)?\s*$"}
    patterns["fractions"] = rf"^\s*{_FRACTION}([\s,]+{_FRACTION})*\s*$"
    text = _text(patterns[option.sort]) if option.sort in patterns else {"type": "string"}
    one = _any_of(_number(option), text)
    several: list[Node] = [{"type": "array", "minItems": 1, "items": one}] if option.sort in LISTED else []
    return {"anyOf": [*one["anyOf"], *several], "description": option.expected}


def _number(option: KnownOption) -> Node:
    """Return a number within the bounds of an option; as a text it is held to them when the suite is read."""
    low, high = option.bounds
    limits = {"minimum": low, "maximum": high}
    return {"type": "number", **{name: limit for name, limit in limits.items() if isfinite(limit)}}


def _ref(title: str) -> Node:
    return {"$ref": f"#/$defs/{title}"}


def _any_of(*variants: Node) -> Node:
    return {"anyOf": [*(variant for variant in variants if variant.get("enum", True)), VARIABLE]}


def _one_of(names: Iterable[str]) -> Node:
    return {"enum": sorted(names)}


def _numbers(names: Iterable[str]) -> Node:
    """Return the names that YAML reads as numbers."""
    return {"enum": sorted(int(name) for name in names if name.isdigit())}


def _text(pattern: str) -> Node:
    return {"type": "string", "pattern": pattern}


def _transforms(names: KnownNames) -> list[str]:
    return [f"{name}:{variant}" for name, variants in names.transforms.items() for variant in variants]


def _subset(family: str, axes: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    parts = [re.escape(family), *(f"({'|'.join(map(re.escape, values))})" for _, values in axes)]
    return f"^{'/'.join(parts)}$"
