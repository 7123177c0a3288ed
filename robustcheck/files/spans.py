"""A place in a text file, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass


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
