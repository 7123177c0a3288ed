"""How a mistake in a suite is shown: where it is, the line with a caret, what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from robustcheck.listing import name_first
from robustcheck.values import Position, Problem

_LISTED = 12
_WIDTH = 200


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one line; line and column count from 1."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a span, what was expected there, and a suggestion."""

    span: Span
    summary: str
    expected: str = ""
    hint: str = ""


def show_mistake(mistake: Mistake, path: str, lines: Sequence[str]) -> Problem:
    """Render a mistake with its source line, a caret line, and what was expected."""
    span = mistake.span
    position = Position(path, span.line, span.column)
    parts = [f"{position}: {mistake.summary}", *_excerpt(span, lines)]
    parts += [f"  expected: {mistake.expected}"] if mistake.expected else []
    parts += [f"  {mistake.hint}"] if mistake.hint else []
    return Problem(position, mistake.summary, "\n".join(parts))


def _excerpt(span: Span, lines: Sequence[str]) -> list[str]:
    if not 1 <= span.line <= len(lines) or not lines[span.line - 1].strip():
        return []
    # A very long line is shown from shortly before its mistake.
    start = max(0, span.column - 1 - _WIDTH // 2) if len(lines[span.line - 1]) > _WIDTH else 0
    line, number = lines[span.line - 1][start : start + _WIDTH], str(span.line)
    before = line[: span.column - 1 - start]
    # Tabs are kept, so that the caret stands below its character whatever the tab width.
    indent = re.sub(r"[^\t]", " ", before)
    carets = "^" * max(1, min(span.width, len(line) - len(before)))
    return [f"  {number} | {line}", f"  {' ' * len(number)} | {indent}{carets}"]


def list_known(names: Iterable[str]) -> str:
    """List known names for an ``expected:`` line, and say how many were left out."""
    known = sorted(names)
    if not known:
        return "none is known here"
    return f"one of {name_first(known, _LISTED)}"
