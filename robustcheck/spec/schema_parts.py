"""The parts of a model's JSON Schema by their place in a suite: the keys of a block, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from robustcheck.files.yaml_nodes import Loc

Schema = Mapping[str, Any]


def keys_at(schema: Schema, loc: Loc) -> list[str]:
    """Return the keys that the block at a place may have."""
    return [key for variant in _variants(_schema_at(schema, loc), schema) for key in variant.get("properties", {})]


def _schema_at(schema: Schema, loc: Loc) -> Schema:
    node: Schema = schema
    for step in loc:
        node = next(filter(None, (_child(variant, step) for variant in _variants(node, schema))), {})
    return node


def description_at(schema: Schema, loc: Loc) -> str:
    """Return what the schema says of the value at a place."""
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
