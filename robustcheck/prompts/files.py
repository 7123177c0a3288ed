"""Files of prompts: templates in a text file, or whole sentences of each class in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from robustcheck.errors import SetupError
from robustcheck.regular_files import read_regular
from robustcheck.texts import lines_of, stripped

SLOT = "{c}"
_SENTENCES = "a JSON object: class name -> list of sentences"


def read_templates(path: Path) -> tuple[str, ...]:
    """Read a file of templates, one a line, each holding ``{c}``; blank lines and ``#`` lines are left out."""
    lines = lines_of(_text(path, "templates", "a UTF-8 text file, one template a line"))
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
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise SetupError("no class names", where=str(path), expected=_SENTENCES)
    return sentences_of(content, path)


def sentences_of(content: dict[str, Any], path: Path) -> dict[str, tuple[str, ...]]:
    """Return the sentences of each class name, or raise SetupError on the first that has none."""
    for name, sentences in content.items():
        if not isinstance(sentences, list) or not sentences or not all(_is_sentence(text) for text in sentences):
            raise SetupError(f"{name!r} has no list of sentences", where=str(path), expected=_SENTENCES)
    return {name: tuple(sentences) for name, sentences in content.items()}


def read_json(path: Path) -> Any:
    """Read a JSON file of prompts; raise SetupError when it is none."""
    text = _text(path, "sentences", _SENTENCES)
    try:
        return json.loads(text, object_pairs_hook=_single_keys)
    except (ValueError, RecursionError) as error:
        raise SetupError(f"not JSON: {error}", where=str(path), expected=_SENTENCES) from error


def _single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the sentences by class name; of two lists for one name the last would count, and nobody would know."""
    record = {stripped(name): value for name, value in pairs}
    if len(record) < len(pairs):
        raise ValueError("a class name occurs twice")
    return record


def _is_sentence(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _text(path: Path, what: str, expected: str) -> str:
    try:
        return read_regular(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or error
        raise SetupError(f"the {what} cannot be read ({found})", where=str(path), expected=expected) from error
