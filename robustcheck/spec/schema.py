"""The JSON Schema for editors and the reference page, both generated from the pydantic models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from robustcheck.spec.language import SuiteModel
from robustcheck.spec.named_schema import VARIABLE, name_in_schema
from robustcheck.spec.names import KnownNames
from robustcheck.spec.reference_page import reference_markdown
from robustcheck.spec.unit_rules import unit_rules
from robustcheck.values.expectations import KINDS, Expectation

__all__ = ["generate_files", "json_schema", "reference_markdown"]

_AMOUNT_PATTERN = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*(%|pp)?\s*$"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(names: KnownNames) -> dict[str, Any]:
    """Return the JSON Schema of a suite, with the shorthands and variables that the loader accepts.

    An editor completes ``names`` from it, and marks other names, units that do not fit the metric and its options.
    """
    schema = SuiteModel.model_json_schema()
    definitions = schema["$defs"]
    for expectation in KINDS.values():
        _allow_shorthand(definitions["ExpectModel"]["properties"], expectation)
    for name, definition in definitions.items():
        if name != "DefaultsModel":
            definition["properties"] = _with_variables(definition["properties"])
    _without_null_defaults(schema)
    name_in_schema(schema, names)
    definitions["CheckModel"]["allOf"] = unit_rules(names)
    return {"$schema": _DRAFT, **schema, "title": "robustcheck suite"}


def generate_files(names: KnownNames) -> dict[Path, str]:
    """Return the text of every file that is made from the models and the names that ship, by its path."""
    package = Path(__file__).parents[1]
    return {
        package / "schema.json": json.dumps(json_schema(names), indent=1, ensure_ascii=False) + "\n",
        package.parent / "docs" / "yaml-reference.md": reference_markdown(),
    }


def _allow_shorthand(kinds: dict[str, Any], expectation: type[Expectation]) -> None:
    long_form, keys = kinds[expectation.kind], len(expectation.shorthand)
    reference = {"$ref": long_form.pop("$ref", None) or f"#/$defs/{expectation.__name__}"}
    amount = {"type": ["string", "number"]}
    short = [amount] if keys == 1 else [{"type": "array", "items": amount, "minItems": keys, "maxItems": keys}]
    kinds[expectation.kind] = {
        "anyOf": [*(short if keys else ()), reference],
        **{key: value for key, value in long_form.items() if key != "default"},
    }


def _with_variables(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value if key in {"id", "for_each"} else _or_variable(value) for key, value in properties.items()}


def _or_variable(node: Any) -> Any:
    """Let a variable stand wherever a scalar does."""
    if isinstance(node, list):
        return [_or_variable(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == ["string", "number"]:
        return _amount(node)
    if "enum" in node or "const" in node or "pattern" in node or node.get("type") in ("integer", "number", "boolean"):
        words = {key: node[key] for key in ("description", "default") if key in node}
        return {"anyOf": [{key: value for key, value in node.items() if key not in words}, VARIABLE], **words}
    nested = ("anyOf", "items", "additionalProperties", "prefixItems")
    changed = {key: _or_variable(value) if key in nested else value for key, value in node.items()}
    if "properties" in changed:
        changed["properties"] = _with_variables(changed["properties"])
    return changed


def _amount(node: dict[str, Any]) -> dict[str, Any]:
    return {**node, "pattern": rf"{_AMOUNT_PATTERN}|{VARIABLE['pattern']}"}


def _without_null_defaults(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("default", "") is None:
            del node["default"]
        if {"type": "null"} in node.get("anyOf", ()):
            node["anyOf"] = [variant for variant in node["anyOf"] if variant != {"type": "null"}]
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _without_null_defaults(item)
