"""Python without asserts and docstrings, paths that are not UTF-8, names that would be commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from plugin_makers import GREEN, SUITE, run, run_apart

from robustcheck.report import load_run

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")


def test_python_without_asserts_and_docstrings(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    result = run_apart(suite, "-p", "no:warnings")
    result.assert_outcomes(passed=2, failed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_directory_that_is_not_utf_8(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    place = os.fsencode(suite.path) + b"/caf\xe9"
    os.mkdir(place)
    Path(os.fsdecode(place), "b.robust.yaml").write_text(GREEN)
    monkeypatch.chdir(os.fsdecode(place))
    result = run(suite, "-q", "b.robust.yaml")
    result.assert_outcomes(passed=2)
    assert "INTERNALERROR" not in result.stdout.str()
    [record] = Path(os.fsdecode(place), "reports").glob("*/run.json")
    assert load_run(record).root.endswith("caf\\udce9")


COMMANDS = SUITE.replace("title: good", 'title: "good\\e[2J"').replace(
    "why: It should be this good.", "why: |\n      It should be.\n      ::error file=x::not a command\n      ##[group]x"
)


def test_texts_of_a_suite_are_no_commands(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / "step.md"))
    (suite.path / "a.robust.yaml").write_text(COMMANDS)
    said = run(suite, "-rA").stdout.str()
    commands = [line for line in said.splitlines() if line.lstrip().startswith("::")]
    assert commands
    assert all("file=a.robust.yaml,line=" in line for line in commands)
    assert "\x1b[2J" not in said
    assert "##[group]" not in said
    [page] = (suite.path / "reports").glob("*/summary.md")
    for text in (page.read_text(), (suite.path / "step.md").read_text()):
        assert "\x1b" not in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
