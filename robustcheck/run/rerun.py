"""The command that judges one check on one model again, made to be pasted into a shell."""

from __future__ import annotations

import shlex


def rerun_command(nodeid: str, model: str | None) -> str:
    """Write the command; ``model`` is its reference when ``--models`` had chosen it.

    >>> rerun_command("a.robust.yaml::x[m/1]", None)
    'pytest "a.robust.yaml::x[m/1]"'
    """
    words = ["pytest", quoted(nodeid)]
    return " ".join(words if model is None else [*words, "--models", quoted(model)])


def quoted(text: str) -> str:
    """Quote an argument, with the double quotes that every system knows where they suffice."""
    if any(character in text for character in '"$`\\!'):
        return shlex.quote(text)
    return f'"{text}"'
