"""A YAML file as plain values, with the line and column of every key and value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.errors import RobustcheckError, SpecError
from robustcheck.files.spans import Mistake, Span
from robustcheck.files.texts import decoded, read_bytes
from robustcheck.files.yaml_nodes import MOST_BYTES, Loc, UnreadableError, parse_yaml
from robustcheck.spec.problems import show_mistake

__all__ = ["Document", "Loc", "read_document", "show_path"]

_NEWLINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True)
class Document:
    """A parsed file: its values, where each stands, and what was wrong in the text itself."""

    path: str
    directory: Path
    lines: tuple[str, ...]
    data: object
    keys: Mapping[Loc, Span]
    values: Mapping[Loc, Span]
    last_lines: Mapping[Loc, int]
    mistakes: tuple[Mistake, ...]

    def value_span(self, loc: Loc) -> Span:
        """Return where a value stands, or its nearest ancestor that is in the file."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, Span(1, 1))

    def key_span(self, loc: Loc) -> Span:
        """Return where a key stands, or the value when it has no key of its own."""
        return self.keys[loc] if loc in self.keys else self.value_span(loc)


def read_document(path: Path) -> Document:
    """Read a YAML file; raise SpecError when its text cannot be parsed at all."""
    shown = show_path(path)
    text = _read_text(path, shown)
    lines = tuple(_NEWLINE.split(text))
    try:
        return _build_document(path, shown, text, lines)
    except UnreadableError as unreadable:
        raise SpecError([show_mistake(unreadable.mistake, shown, lines)]) from None


def show_path(path: Path) -> str:
    """Return the path relative to the working directory where that is shorter to read."""
    relative = os.path.relpath(path.absolute())
    return path.absolute().as_posix() if relative.startswith("..") else Path(relative).as_posix()


def _read_text(path: Path, shown: str) -> str:
    try:
        return decoded(read_bytes(path, RobustcheckError, most=MOST_BYTES, what="the file"), "", RobustcheckError)
    except RobustcheckError as error:
        is_text_wrong = error.where.startswith(":")
        line, column = (*map(int, error.where.split(":")[1:]), 1)[:2] if is_text_wrong else (1, 1)
        hint = "save it again with the encoding UTF-8" if is_text_wrong else ""
        mistake = Mistake(Span(line, column), error.found, error.expected, hint)
    raise SpecError([show_mistake(mistake, shown, ())]) from None


def _build_document(path: Path, shown: str, text: str, lines: tuple[str, ...]) -> Document:
    parsed = parse_yaml(text, lines)
    if parsed is None or parsed.data is None:
        raise UnreadableError(Mistake(Span(1, 1), "the file is empty", "a suite that starts with robustcheck: 1"))
    return Document(
        path=shown,
        directory=path.absolute().parent,
        lines=lines,
        data=parsed.data,
        keys=parsed.keys,
        values=parsed.values,
        last_lines=parsed.last_lines,
        mistakes=parsed.mistakes,
    )
