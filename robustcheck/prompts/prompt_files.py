"""Files of prompts: templates in a text file, or whole sentences of each class in a JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robustcheck.errors import SetupError
from robustcheck.files.json_files import read_json
from robustcheck.files.texts import lines_of, read_text, stripped

SLOT = "{c}"
SENTENCES = "a JSON object: class name -> list of sentences"


def read_templates(path: Path) -> tuple[str, ...]:
    """Read a file of templates, one a line, each holding ``{c}``; blank lines and ``#`` lines are left out."""
    text = read_text(path, SetupError, expected="a UTF-8 text file, one template a line", what="the templates")
    lines = lines_of(text)
    numbered = [(n, line) for n, line in enumerate(map(stripped, lines), 1) if line and not line.startswith("#")]
    for number, line in numbered:
        if SLOT not in line:
            raise SetupError(
                f"no class name in {line!r}", where=f"{path}:{number}", expected=f"{SLOT} in every template"
            )
    if not numbered:
        raise SetupError("no templates", where=str(path), expected=f"at least one line such as a photo of a {SLOT}.")
    return tuple(line for _, line in numbered)


def read_sentences(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a file of sentences: a JSON object that gives each class name a list of them."""
    content = read_json(path, SetupError, expected=SENTENCES)
    if not isinstance(content, dict) or not content:
        raise SetupError("no class names", where=str(path), expected=SENTENCES)
    return sentences_of(content, path)


def sentences_of(content: dict[str, Any], path: Path) -> dict[str, tuple[str, ...]]:
    """Return the sentences of each class name, or raise SetupError on the first that has none."""
    for name, sentences in content.items():
        if not isinstance(sentences, list) or not sentences or not all(_is_sentence(text) for text in sentences):
            raise SetupError(f"{name!r} has no list of sentences", where=str(path), expected=SENTENCES)
    return {name: tuple(sentences) for name, sentences in content.items()}


def _is_sentence(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())
