"""Prompt sets (PROTOCOLS section 1), found by name in the registry's group ``prompts``, or read from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.listing import name_first
from robustcheck.prompts.prompt_files import SLOT, read_sentences, read_templates
from robustcheck.prompts.trigger_logs import is_trigger_log, read_trigger_log
from robustcheck.registry import known

Texts = tuple[tuple[str, ...], ...]

# The prompts of a data set that names no others.
_USUAL, _OF_DATASET = "openai-80", "dataset"
_FILES = (".txt", ".json")


class HasPrompts(Protocol):
    """What prompts depend on of a data set."""

    @property
    def name(self) -> str: ...
    @property
    def prompts(self) -> str: ...
    @property
    def templates(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class PromptSet:
    """A named way to make texts: ``texts`` takes the data set and the scored names, and returns the texts of each."""

    name: str
    texts: Callable[[HasPrompts, Sequence[str]], Texts]


def known_prompts() -> frozenset[str]:
    """Return the names of the prompt sets."""
    return frozenset(known("prompts", PromptSet))


def prompt_texts(name: str | None, dataset: HasPrompts, names: Sequence[str]) -> Texts:
    """Return the texts of each name: of a prompt set, of a file, or (name None) of the data set's default."""
    sets = known("prompts", PromptSet)
    name = _default(dataset) if name is None else name
    if name in sets:
        return sets[name].texts(dataset, names)
    if is_trigger_log(name):
        return fill_templates(read_trigger_log(name), names)
    if name.endswith(".json"):
        return look_up_sentences(read_sentences(Path(name)), names, name)
    if "/" in name or name.endswith(_FILES):
        return fill_templates(read_templates(Path(name)), names)
    raise SetupError(
        f"unknown prompt set {name!r}",
        expected=", ".join(sorted(sets))
        + ", or a file: of templates (PATH.txt), of sentences (PATH.json), of triggers (PATH.log)",
        fix=did_you_mean(name, sets) or "use a known prompt set",
    )


def template_set(name: str, *templates: str) -> PromptSet:
    """Return a prompt set of templates, with ``{c}`` for the class name.

    >>> template_set("1", "a photo of a {c}").texts(None, ["cat", "dog"])
    (('a photo of a cat',), ('a photo of a dog',))
    """
    return PromptSet(name, lambda dataset, names: fill_templates(templates, names))


def fill_templates(templates: Sequence[str], names: Sequence[str]) -> Texts:
    """Return every template with every name in the place of ``{c}``."""
    return tuple(tuple(template.replace(SLOT, name) for template in templates) for name in names)


def look_up_sentences(sentences: Mapping[str, tuple[str, ...]], names: Sequence[str], where: str) -> Texts:
    """Return the sentences of each name; raise SetupError when some names have none."""
    missing = [name for name in dict.fromkeys(names) if name not in sentences]
    if missing:
        raise SetupError(
            f"no sentences for {len(missing)} of {len(set(names))} class names: {name_first(missing, 10)}",
            where=where,
            expected="sentences for every scored name, spelt as in the data set",
            fix=did_you_mean(missing[0], sentences) or "add them, or name a set of templates such as openai-80",
        )
    return tuple(sentences[name] for name in names)


def _default(dataset: HasPrompts) -> str:
    return _OF_DATASET if dataset.templates else dataset.prompts or _USUAL
