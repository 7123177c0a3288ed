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
    # open_clip itself reads a tag in any case and with hyphens.
    return pretrained_table().get(architecture, {}).get(tag.lower().replace("-", "_"))


@cache
def pretrained_table() -> Mapping[str, Mapping[str, PretrainedSource]]:
    """Return every architecture's tags as open_clip lists them; empty when its source cannot be read."""
    written = _written_table()
    # As in open_clip, weights trained with QuickGELU also stand under the variant's name.
    quick = {
        f"{architecture}-quickgelu": {tag: source for tag, source in tags.items() if source.quick_gelu}
        for architecture, tags in written.items()
    }
    return {**written, **{architecture: tags for architecture, tags in quick.items() if tags}}


def open_clip_directory() -> Path | None:
    """Return where the installed open_clip lies, or None; it is not imported."""
    package = importlib.util.find_spec("open_clip")
    return None if package is None or package.origin is None else Path(package.origin).parent


def _written_table() -> Mapping[str, Mapping[str, PretrainedSource]]:
    package = open_clip_directory()
    if package is None or not (package / "pretrained.py").is_file():
        return {}
    tree = ast.parse((package / "pretrained.py").read_text(encoding="utf-8"))
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


def _tags(node: ast.expr | None, values: Mapping[str, ast.expr]) -> Mapping[str, PretrainedSource]:
    while isinstance(node, ast.Name):
        node = values.get(node.id)
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return {word.arg: _source(word.value) for word in keywords if word.arg is not None}


def _source(node: ast.expr) -> PretrainedSource:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    facts = {word.arg: word.value.value for word in keywords if isinstance(word.value, ast.Constant)}
    return PretrainedSource(
        hub=str(facts.get("hf_hub", "")), url=str(facts.get("url", "")), quick_gelu=bool(facts.get("quick_gelu", False))
    )
