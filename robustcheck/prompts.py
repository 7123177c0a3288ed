"""Prompt sets: the templates a class name is put into, ``{c}`` marking the name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from robustcheck.errors import SetupError, did_you_mean

SLOT = "{c}"

_BUILT_IN: dict[str, tuple[str, ...]] = {
    "1": ("a photo of a {c}",),
    "mcm-5": (
        "a photo of a {c}.",
        "a blurry photo of a {c}.",
        "a photo of many {c}.",
        "a photo of the large {c}.",
        "a photo of the small {c}.",
    ),
}
_OF_OPEN_CLIP = {"openai-80": "OPENAI_IMAGENET_TEMPLATES", "openai-7": "SIMPLE_IMAGENET_TEMPLATES"}
_OF_DATASET = "dataset"

PROMPT_SETS: frozenset[str] = frozenset({*_BUILT_IN, *_OF_OPEN_CLIP, _OF_DATASET})


class HasPrompts(Protocol):
    """The part of a data set that prompts depend on."""

    @property
    def name(self) -> str: ...
    @property
    def prompts(self) -> str: ...
    @property
    def templates(self) -> tuple[str, ...]: ...


def resolve_prompts(name: str | None, dataset: HasPrompts) -> tuple[str, ...]:
    """Return the templates of a prompt set, of a file, or (name None) the data set's default ones."""
    if name is None:
        return dataset.templates or resolve_prompts(dataset.prompts or "openai-80", dataset)
    if name == _OF_DATASET:
        return _templates_of(dataset)
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name in _OF_OPEN_CLIP:
        return _open_clip_templates(_OF_OPEN_CLIP[name])
    return read_templates(Path(name)) if _is_path(name) else _unknown(name)


def read_templates(path: Path) -> tuple[str, ...]:
    """Read a file of templates, one a line, each holding ``{c}``; blank lines and ``#`` lines are left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"the templates cannot be read ({error})",
            where=str(path),
            expected="a UTF-8 text file, one template a line",
        ) from error
    numbered = [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    for number, line in numbered:
        if SLOT not in line:
            raise SetupError(
                f"no class name in {line!r}", where=f"{path}:{number}", expected=f"{SLOT} in every template"
            )
    if not numbered:
        raise SetupError("no templates", where=str(path), expected=f"at least one line such as a photo of a {SLOT}.")
    return tuple(line for _, line in numbered)


def _templates_of(dataset: HasPrompts) -> tuple[str, ...]:
    if dataset.templates:
        return dataset.templates
    raise SetupError(f"the data set {dataset.name} has no templates of its own", fix="name a prompt set: openai-80")


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith(".txt")


def _unknown(name: str) -> tuple[str, ...]:
    raise SetupError(
        f"unknown prompt set {name!r}",
        expected=", ".join(sorted(PROMPT_SETS)) + ", or a file of templates (PATH.txt)",
        fix=did_you_mean(name, PROMPT_SETS) or "use a known prompt set",
    )


@cache
def _open_clip_templates(variable: str) -> tuple[str, ...]:
    """Read open_clip's templates from its file alone: importing the package would import torch."""
    package = importlib.util.find_spec("open_clip")
    if package is None or package.origin is None:
        raise SetupError("the package open_clip is not installed", fix="pip install open_clip_torch")
    path = Path(package.origin).with_name("zero_shot_metadata.py")
    spec = importlib.util.spec_from_file_location("_open_clip_zero_shot_metadata", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    functions: Sequence[Callable[[str], str]] = getattr(module, variable)
    return tuple(function(SLOT) for function in functions)
