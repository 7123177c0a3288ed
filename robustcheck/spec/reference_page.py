"""The reference page of the language, generated from the pydantic models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from robustcheck.spec.language import CheckModel, DefaultsModel, DeviationModel, SeriesModel, SuiteModel
from robustcheck.values.expectations import KINDS, Expectation, QuantityModel

_INTRODUCTION = """\
# The YAML language

This page is generated from the models that validate a suite: `python scripts/write_generated.py --write`.

A suite is a file that ends in `.robust.yaml`. Begin it with this line for completion and checking in an editor:

```yaml
# yaml-language-server: $schema=../robustcheck/schema.json
```

- `45%` is a level of a percentage metric, `2.0pp` a difference of two levels in percentage points; a bare number is
  for metrics without a unit.
- `"${name}"` stands for a variable of the check's `for_each`. It stands in quotes. As a whole value it keeps the type
  of what it stands for.
- A query selects models by facets: `{source: laion, architecture: [vit, cnn], samples: ">=1e9"}`, or as text
  `source=laion&architecture=vit|cnn&samples>=1e9`. All conditions must hold.
- A path (with a `/`, or ending in `.csv`, `.txt`, `.json`, `.jsonl` or `.log`) counts from the directory of the suite.
  What begins with the name of a data set, such as `imagenet-c/fog/3`, is a subset of that data set.
- A check about groups of models ({about_groups}) is one test over all
  models. Its groups are such queries; its models are the members of `population`, or those of the run, measured.
- `yes`, `no`, `on`, `off` and numbers such as `010` must stand in quotes or be written plainly, duplicate keys and
  merge keys (`<<`) are errors, and `12:30:45` or `2027-01-31` is text.
"""


def reference_markdown() -> str:
    """Return the reference page: every key with type, default and meaning, and an example of each kind."""
    sections = [
        _introduction(),
        _section("A suite", SuiteModel),
        _section("`series`", SeriesModel),
        _section("`defaults`", DefaultsModel),
        _section("A check", CheckModel),
        _section("`measure` and `against`", QuantityModel),
        _section("`known_deviations`", DeviationModel),
        "## `expect`\n\nExactly one of these kinds. `warn` takes the kind's limit again, tighter.\n",
        *map(_kind_section, KINDS.values()),
    ]
    return "\n".join(sections)


def _introduction() -> str:
    about_groups = ", ".join(f"`{kind}`" for kind, expectation in KINDS.items() if expectation.is_about_groups)
    return _INTRODUCTION.replace("{about_groups}", about_groups)


def _kind_section(expectation: type[Expectation]) -> str:
    example = f"\n```yaml\n{expectation.example}\n```\n"
    return _section(f"`{expectation.kind}`", expectation, level=3, required_first=True) + example


def _section(title: str, model: type[BaseModel], *, level: int = 2, required_first: bool = False) -> str:
    lines = [f"{'#' * level} {title}", "", " ".join((model.__doc__ or "").split()), ""]
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    schema = model.model_json_schema()
    names = sorted(model.model_fields, key=lambda name: required_first and not model.model_fields[name].is_required())
    lines += [_row(name, model, schema) for name in names]
    return "\n".join(lines) + "\n"


def _row(name: str, model: type[BaseModel], schema: Mapping[str, Any]) -> str:
    written = model.model_fields[name].alias or name
    node = schema["properties"][written]
    cells = [f"`{written}`", _type(name, node), _default(model, name), model.model_fields[name].description or ""]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    value = field.default if field.default_factory is None else None
    return f"`{value}`" if value not in (None, "") else ""


def _type(name: str, node: Mapping[str, Any]) -> str:
    named = {"models": "text, query, or a list of these", "applies_to": "query", "warn": "amount or limits"}
    if name in named:
        return named[name]
    if "$ref" in node:
        return "block"
    if "anyOf" in node:
        kinds = [_type(name, variant) for variant in node["anyOf"] if variant != {"type": "null"}]
        return " or ".join(dict.fromkeys(kinds))
    return _plain_type(node)


def _plain_type(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return " or ".join(f"`{choice}`" for choice in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if "95%" in node.get("examples", ()):
        return "share"
    if "45%" in node.get("examples", ()):
        return "amount"
    words = {"string": "text", "integer": "whole number", "array": "list", "object": "block"}
    return words.get(str(node.get("type")), re.sub(r"[^a-z ]", "", str(node.get("type", "value"))))
