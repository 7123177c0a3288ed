"""The tutorial is done as a reader does it: its commands in order, its edits, in an empty directory."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from forks import run_fork

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
SUITE = Path("suites/first.robust.yaml")
FENCED = re.compile(r"^```(sh|sh fails|yaml replace|yaml append)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FAILED, DONE = 1, 0


def steps() -> Iterator[tuple[str, str]]:
    """Yield the steps: a command that ends well, one that ends in a failed check, or an edit of the suite."""
    for kind, text in FENCED.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind.startswith("yaml"):
            yield kind, text
        else:
            yield from ((kind, line) for line in text.splitlines() if not line.startswith("pip install"))


def do(kind: str, text: str, place: Path) -> str:
    """Do a step and return what it printed."""
    if kind == "yaml append":
        with (place / SUITE).open("a", encoding="utf-8") as file:
            file.write(text)
        return ""
    if kind == "yaml replace":
        before, after = text.split("---\n")
        suite = (place / SUITE).read_text(encoding="utf-8")
        assert before.rstrip("\n") in suite
        (place / SUITE).write_text(suite.replace(before.rstrip("\n"), after.rstrip("\n"), 1), encoding="utf-8")
        return ""
    # The shell only puts in the newest report.
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {text}"], cwd=place, capture_output=True, text=True, check=True
    )
    done = run_fork(place, *words.stdout.splitlines(), environ=_bare(), live=True)
    assert done.returncode == (FAILED if kind == "sh fails" else DONE), f"{text}\n{done.stdout}{done.stderr}"
    return done.stdout


def _bare() -> dict[str, str]:
    hidden = ("ROBUSTCHECK", "PYTEST", "GITHUB_STEP", "GITHUB_ACTIONS")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}


def test_the_tutorial_works_from_the_first_line_to_the_last(tmp_path: Path) -> None:
    said = [do(kind, text, tmp_path) for kind, text in steps()]
    shown = re.findall(r"^(?:Ship|FAIL).*$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) == 2
    for line in shown:
        assert any(in_outline(line) in in_outline(output) for output in said), line


def in_outline(text: str) -> str:
    """Return a text without its digits: another processor may read one image more or less."""
    return re.sub(r"\d+", "0", text)
