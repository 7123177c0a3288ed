"""How a mistake in a suite is shown: where it is, the line with a caret, what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from robustcheck.files.spans import Mistake, Span
from robustcheck.listing import name_first
from robustcheck.printing import one_line, printable
from robustcheck.values import Position, Problem

_LISTED = 12
_WIDTH = 200
_MOST = 2000


def show_mistake(mistake: Mistake, path: str, lines: Sequence[str]) -> Problem:
    """Render a mistake with its source line, a caret line, and what was expected."""
    span = mistake.span
    position = Position(path, span.line, span.column)
    summary = one_line(mistake.summary, _MOST)
    parts = [f"{one_line(str(position))}: {summary}", *_excerpt(span, lines)]
    parts += [f"  expected: {one_line(mistake.expected, _MOST)}"] if mistake.expected else []
    parts += [f"  {printable(mistake.hint, _MOST)}"] if mistake.hint else []
    return Problem(position, summary, "\n".join(parts))


def _excerpt(span: Span, lines: Sequence[str]) -> list[str]:
    if not 1 <= span.line <= len(lines) or not lines[span.line - 1].strip():
        return []
    # A very long line is shown from shortly before its mistake.
    start = max(0, span.column - 1 - _WIDTH // 2) if len(lines[span.line - 1]) > _WIDTH else 0
    # What cannot be shown is one mark, so that the caret stays below its place.
    line, number = "".join(map(_visible, lines[span.line - 1][start : start + _WIDTH])), str(span.line)
    before = line[: span.column - 1 - start]
    # Tabs are kept, so that the caret stands below its character whatever the tab width.
    indent = re.sub(r"[^\t]", " ", before)
    carets = "^" * max(1, min(span.width, len(line) - len(before)))
    return [f"  {number} | {line}", f"  {' ' * len(number)} | {indent}{carets}"]


def _visible(character: str) -> str:
    return character if character == "\t" or one_line(character) == character else "\N{REPLACEMENT CHARACTER}"


def list_known(names: Iterable[str]) -> str:
    """List known names for an ``expected:`` line, and say how many were left out."""
    known = sorted(names)
    if not known:
        return "none is known here"
    return f"one of {name_first(known, _LISTED)}"
