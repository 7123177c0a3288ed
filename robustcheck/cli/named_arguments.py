"""Which kind of name each argument of a command is, so that a name of another kind is told for what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from robustcheck.run.expected_names import expecting


def naming(command: str = "", **kinds: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Have a command say what its names stand for, where it fails; ``kinds`` maps a parameter to what it expects.

    ``command`` is given for one whose names may come in another order: a call that would do is shown.
    """

    def with_kinds(run: Callable[..., None]) -> Callable[..., None]:
        @wraps(run)
        def called(*args: Any, **given: Any) -> None:
            named = [(kind, text) for name, kind in kinds.items() for text in _texts(given.get(name))]
            with expecting(named, command):
                run(*args, **given)

        return called

    return with_kinds


def _texts(value: Any) -> list[str]:
    """Return the names that an argument holds: one, several, or several joined by commas."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [text.strip() for each in listed for text in str(each).split(",") if text.strip()]
