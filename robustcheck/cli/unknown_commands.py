"""What is said to a user who types a command that there is not, as other tools have it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

from robustcheck.errors import SetupError, did_you_mean

# Checks are tests: what runs them elsewhere is pytest here.
_PYTEST = ("run", "test", "tests", "check", "checks", "pytest", "verify", "eval", "evaluate", "gate")
_OTHERS = {
    "lint": "validate",
    "list": "models, datasets or metrics",
    "diff": "compare",
    "baseline": "bless",
    "report": "comment",
    "new": "init",
}


class Commands(TyperGroup):
    """The commands, which tell what to type in place of one that is not among them."""

    # Which click it is of, typer's own or the installed one, depends on typer's version.
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is meant; raise SetupError for an unknown one."""
        name, rest = args[0], args[1:]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        raise SetupError(
            f"robustcheck has no command {name!r}",
            expected="one of " + ", ".join(self.list_commands(ctx)),
            fix=suggest_command(name, rest, self.list_commands(ctx)),
        )


def suggest_command(name: str, rest: Sequence[str], known: Sequence[str]) -> str:
    """Say what does what a command would do that there is not.

    >>> suggest_command("run", ["my suites/", "--models", "zoo"], [])
    "checks are tests: pytest 'my suites/' --models zoo"
    >>> suggest_command("lint", [], []), suggest_command("measur", [], ["measure"])
    ('robustcheck validate', "did you mean 'measure'?")
    """
    if name in _PYTEST:
        return f"checks are tests: pytest {shlex.join(rest) or 'suites/'}"
    return f"robustcheck {_OTHERS[name]}" if name in _OTHERS else did_you_mean(name, known)
