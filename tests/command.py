"""What a user types, and what is said to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Robustcheck = Callable[..., Said]


def refused(said: Said, *words: str) -> None:
    """Assert a user's mistake: exit code 2, nothing on stdout, a message with these words."""
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err, said.err


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")
