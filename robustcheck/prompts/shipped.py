"""The prompt sets that come with robustcheck: templates that take a class name, and CuPL's whole sentences.

The set of 30 that the paper uses is not published: give it as a file when you have it.
"""

from __future__ import annotations

from collections.abc import Sequence

from robustcheck.errors import SetupError
from robustcheck.prompts.packages import cupl_file, cupl_sentences, open_clip_templates
from robustcheck.prompts.prompt_sets import (
    HasPrompts,
    PromptSet,
    Texts,
    fill_templates,
    look_up_sentences,
    template_set,
)


def _openai_80(dataset: HasPrompts, names: Sequence[str]) -> Texts:
    return fill_templates(open_clip_templates("OPENAI_IMAGENET_TEMPLATES"), names)


def _openai_7(dataset: HasPrompts, names: Sequence[str]) -> Texts:
    return fill_templates(open_clip_templates("SIMPLE_IMAGENET_TEMPLATES"), names)


def _of_dataset(dataset: HasPrompts, names: Sequence[str]) -> Texts:
    if not dataset.templates:
        raise SetupError(f"the data set {dataset.name} has no templates of its own", fix="name a prompt set: openai-80")
    return fill_templates(dataset.templates, names)


def _cupl(dataset: HasPrompts, names: Sequence[str]) -> Texts:
    return look_up_sentences(cupl_sentences(), names, str(cupl_file()))


def _cupl_and_openai_80(dataset: HasPrompts, names: Sequence[str]) -> Texts:
    """Return sentences and templates side by side, CuPL's variant "both": one mean is taken over all of them."""
    pairs = zip(_cupl(dataset, names), _openai_80(dataset, names), strict=True)
    return tuple((*sentences, *templates) for sentences, templates in pairs)


PROMPTS = (
    template_set("1", "a photo of a {c}"),
    template_set(
        "mcm-5",
        "a photo of a {c}.",
        "a blurry photo of a {c}.",
        "a photo of many {c}.",
        "a photo of the large {c}.",
        "a photo of the small {c}.",
    ),
    PromptSet("openai-80", _openai_80),
    PromptSet("openai-7", _openai_7),
    PromptSet("dataset", _of_dataset),
    PromptSet("cupl", _cupl),
    PromptSet("cupl+openai-80", _cupl_and_openai_80),
)
