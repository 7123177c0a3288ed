"""What a command prints: names from outside cannot move the cursor or start a command of a CI service."""

from __future__ import annotations

import typer
from rich.markup import escape

from robustcheck.printing import one_line, printable

_MOST = 1_000_000


def say(text: str, *, err: bool = False) -> None:
    """Print lines."""
    typer.echo(printable(text, _MOST), err=err)


def cell(text: str) -> str:
    """Return a text for a cell of a table: one line, in which nothing is markup."""
    return escape(one_line(text, _MOST))


def cells(text: str) -> str:
    """Return a text of several lines for a cell of a table."""
    return escape(printable(text, _MOST))
