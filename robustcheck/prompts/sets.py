"""Prompt sets by name (PROTOCOLS section 1): templates that take a class name, or CuPL's whole sentences.

The set of 30 that the paper uses is not published: give it as a file when you have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.listing import name_first
from robustcheck.prompts.files import SLOT, read_sentences, read_templates
from robustcheck.prompts.packages import cupl_file, cupl_sentences, open_clip_templates

Texts = tuple[tuple[str, ...], ...]

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
_OF_CUPL = "cupl"
# The variant "both" of CuPL: templates and sentences side by side, then one mean over all of them.
_BOTH = {"cupl+openai-80": (_OF_CUPL, "openai-80")}
_FILES = (".txt", ".json")

PROMPT_SETS: frozenset[str] = frozenset({*_BUILT_IN, *_OF_OPEN_CLIP, _OF_DATASET, _OF_CUPL, *_BOTH})


class HasPrompts(Protocol):
    """The part of a data set that prompts depend on."""

    @property
    def name(self) -> str: ...
    @property
    def prompts(self) -> str: ...
    @property
    def templates(self) -> tuple[str, ...]: ...


def prompt_texts(name: str | None, dataset: HasPrompts, names: Sequence[str]) -> Texts:
    """Return the texts of each name: of a prompt set, of a file, or (name None) of the data set's default."""
    if name is None:
        return prompt_texts(_default(dataset), dataset, names)
    if name in _BOTH:
        parts = [prompt_texts(part, dataset, names) for part in _BOTH[name]]
        return tuple(tuple(text for texts in row for text in texts) for row in zip(*parts, strict=True))
    if name == _OF_CUPL:
        return _looked_up(cupl_sentences(), names, str(cupl_file()))
    if name.endswith(".json"):
        return _looked_up(read_sentences(Path(name)), names, name)
    return _filled_in(_templates(name, dataset), names)


def _default(dataset: HasPrompts) -> str:
    return _OF_DATASET if dataset.templates else dataset.prompts or "openai-80"


def _templates(name: str, dataset: HasPrompts) -> tuple[str, ...]:
    if name == _OF_DATASET:
        return _templates_of(dataset)
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name in _OF_OPEN_CLIP:
        return open_clip_templates(_OF_OPEN_CLIP[name])
    return read_templates(Path(name)) if "/" in name or name.endswith(_FILES) else _unknown(name)


def _templates_of(dataset: HasPrompts) -> tuple[str, ...]:
    if dataset.templates:
        return dataset.templates
    raise SetupError(f"the data set {dataset.name} has no templates of its own", fix="name a prompt set: openai-80")


def _filled_in(templates: tuple[str, ...], names: Sequence[str]) -> Texts:
    return tuple(tuple(template.replace(SLOT, name) for template in templates) for name in names)


def _looked_up(sentences: dict[str, tuple[str, ...]], names: Sequence[str], where: str) -> Texts:
    missing = [name for name in dict.fromkeys(names) if name not in sentences]
    if missing:
        raise SetupError(
            f"no sentences for {len(missing)} of {len(set(names))} class names: {name_first(missing, 10)}",
            where=where,
            expected="sentences for every scored name, spelt as in the data set",
            fix=did_you_mean(missing[0], sentences) or "add them, or name a set of templates such as openai-80",
        )
    return tuple(sentences[name] for name in names)


def _unknown(name: str) -> tuple[str, ...]:
    raise SetupError(
        f"unknown prompt set {name!r}",
        expected=", ".join(sorted(PROMPT_SETS)) + ", or a file: of templates (PATH.txt), of sentences (PATH.json)",
        fix=did_you_mean(name, PROMPT_SETS) or "use a known prompt set",
    )
