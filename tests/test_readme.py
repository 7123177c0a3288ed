"""The README is run: its commands, its spec, and the mistake it shows."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


SPEC = blocks("yaml")[0]
COMMANDS = [line for block in blocks("") for line in block.splitlines() if line.startswith("robustcheck ")]
RUNNABLE = [line for line in COMMANDS if not line.startswith("robustcheck bless")]


def test_there_are_commands_to_run() -> None:
    assert len(RUNNABLE) >= 7


@pytest.mark.parametrize("line", RUNNABLE)
def test_each_command_runs(line: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "suites", tmp_path / "suites")
    command = [sys.executable, "-m", *shlex.split(line)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_the_spec_runs_as_written(pytester: pytest.Pytester) -> None:
    (pytester.path / "my.robust.yaml").write_text(SPEC, encoding="utf-8")
    result = pytester.runpytest_subprocess("my.robust.yaml", "-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] > 60
    assert "failed" not in outcomes
    assert "errors" not in outcomes


def test_the_mistake_reads_as_shown(pytester: pytest.Pytester) -> None:
    (pytester.path / "my.robust.yaml").write_text(
        SPEC.replace("top1, dataset: imagenet-sketch", "top11, dataset: imagenet-sketch")
    )
    result = pytester.runpytest_subprocess("my.robust.yaml", "-p", "no:cacheprovider")
    shown = next(block for block in blocks("") if "unknown metric" in block)
    for line in shown.splitlines():
        assert line in result.stdout.str(), line


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_option_is_documented() -> None:
    pages = README + "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    options = re.findall(r'"(--(?:robust-[a-z]+|models|arch))"', (ROOT / "robustcheck/plugin/options.py").read_text())
    assert len(options) >= 9
    assert not [option for option in options if option not in pages]
