"""Prompts: for each class name the texts that a zero-shot head is made of."""

from __future__ import annotations

from robustcheck.prompts.prompt_files import SLOT, read_sentences, read_templates
from robustcheck.prompts.prompt_sets import HasPrompts, PromptSet, known_prompts, prompt_texts, template_set

__all__ = [
    "SLOT",
    "HasPrompts",
    "PromptSet",
    "known_prompts",
    "prompt_texts",
    "read_sentences",
    "read_templates",
    "template_set",
]
