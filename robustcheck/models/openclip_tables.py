"""open_clip's table of pretrained weights, read from its source without importing it (or torch)."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PretrainedSource:
    """Where open_clip takes the weights of a tag from; ``hub`` is ``org/name/`` or ``org/name/file``."""

    hub: str
    url: str
    quick_gelu: bool


def pretrained_source(architecture: str, tag: str) -> PretrainedSource | None:
    """Return the source of an architecture's tag, or None when open_clip knows no such tag."""
    base = architecture.removesuffix("-quickgelu")
    tags = _pretrained_table().get(architecture) or _pretrained_table().get(base, {})
    source = tags.get(tag.lower().replace("-", "_"))
    is_variant = architecture not in _pretrained_table()
    return None if source is None or (is_variant and not source.quick_gelu) else source


@cache
def _pretrained_table() -> Mapping[str, Mapping[str, PretrainedSource]]:
    package = importlib.util.find_spec("open_clip")
    if package is None or package.origin is None:
        return {}
    tree = ast.parse(Path(package.origin).with_name("pretrained.py").read_text(encoding="utf-8"))
    values = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    table = values.get("_PRETRAINED")
    if not isinstance(table, ast.Dict):
        return {}
    return {
        str(key.value): _tags(value, values)
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def _tags(node: ast.expr, values: Mapping[str, ast.expr]) -> Mapping[str, PretrainedSource]:
    while isinstance(node, ast.Name):
        node = values[node.id]
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return {word.arg: _source(word.value) for word in keywords if word.arg is not None}


def _source(node: ast.expr) -> PretrainedSource:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    facts = {word.arg: word.value.value for word in keywords if isinstance(word.value, ast.Constant)}
    return PretrainedSource(
        hub=str(facts.get("hf_hub", "")), url=str(facts.get("url", "")), quick_gelu=bool(facts.get("quick_gelu", False))
    )
