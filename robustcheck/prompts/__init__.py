"""Prompts: for each class name the texts that a zero-shot head is made of."""

from __future__ import annotations

from robustcheck.prompts.files import SLOT, read_sentences, read_templates
from robustcheck.prompts.sets import PROMPT_SETS, HasPrompts, prompt_texts

__all__ = ["PROMPT_SETS", "SLOT", "HasPrompts", "prompt_texts", "read_sentences", "read_templates"]
