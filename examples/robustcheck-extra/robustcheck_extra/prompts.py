"""A prompt set: templates with ``{c}`` for the class name."""

from __future__ import annotations

from robustcheck.prompts import template_set

HANDWRITING = template_set("handwriting", "a handwritten {c}.", "the number {c} written by hand.")
