"""open_clip's table of pretrained weights, read from its source without importing it (or torch)."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How open_clip prepares pictures for a tag's weights, but for the size, which is the architecture's."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    resize_mode: str


# What open_clip takes where nothing says otherwise, and what its training script trains with.
DEFAULT_PREPROCESSING = Preprocessing(
    (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), "bicubic", "shortest"
)


@dataclass(frozen=True, slots=True)
class PretrainedSource:
    """Where open_clip takes the weights of a tag from; ``hub`` is ``org/name/`` or ``org/name/file``."""

    hub: str
    url: str
    quick_gelu: bool
    preprocessing: Preprocessing = DEFAULT_PREPROCESSING


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
    tree = _parsed(package / "pretrained.py")
    values = _assigned(tree)
    table = values.get("_PRETRAINED")
    if not isinstance(table, ast.Dict):
        return {}
    defaults = _defaults(tree, _assigned(_parsed(package / "constants.py")))
    return {
        str(key.value): _tags(value, values, defaults)
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])


def _assigned(tree: ast.Module) -> Mapping[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What the functions of open_clip's source give a tag, and the constants that are named there."""

    of: Mapping[str, Mapping[str, Any]]
    constants: Mapping[str, ast.expr]

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression, or None for one that is more than a constant."""
        if isinstance(node, ast.Name):
            return self.value(self.constants[node.id]) if node.id in self.constants else None
        try:
            return ast.literal_eval(node)
        except ValueError:
            return None


def _defaults(tree: ast.Module, constants: Mapping[str, ast.expr]) -> _Defaults:
    own = _Defaults({}, constants)
    made = {
        function.name: result.value
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for result in function.body
        if isinstance(result, ast.Return) and isinstance(result.value, ast.Dict)
    }
    of = {
        name: {str(key.value): own.value(value) for key, value in _items(found) if isinstance(key, ast.Constant)}
        for name, found in made.items()
    }
    return _Defaults(of, constants)


def _items(node: ast.Dict) -> list[tuple[ast.expr | None, ast.expr]]:
    return list(zip(node.keys, node.values, strict=True))


def _tags(node: ast.expr | None, values: Mapping[str, ast.expr], defaults: _Defaults) -> Mapping[str, PretrainedSource]:
    while isinstance(node, ast.Name):
        node = values.get(node.id)
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return {word.arg: _source(word.value, defaults) for word in keywords if word.arg is not None}


def _source(node: ast.expr, defaults: _Defaults) -> PretrainedSource:
    function = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    written = {word.arg: defaults.value(word.value) for word in keywords if word.arg is not None}
    facts: Mapping[str, Any] = {**defaults.of.get(function, {}), **written}
    return PretrainedSource(
        hub=str(facts.get("hf_hub") or ""),
        url=str(facts.get("url") or ""),
        quick_gelu=bool(facts.get("quick_gelu")),
        preprocessing=_preprocessing(facts),
    )


def _preprocessing(facts: Mapping[str, Any]) -> Preprocessing:
    given = {name: facts[name] for name in ("mean", "std", "interpolation", "resize_mode") if facts.get(name)}
    return Preprocessing(**{**asdict(DEFAULT_PREPROCESSING), **given})
