"""The command that judges one check on one model again."""

from __future__ import annotations

import shlex

import pytest

from robustcheck.run.rerun import quoted, rerun_command


@pytest.mark.parametrize("text", ["plain", "two words", 'a "quote"', "$HOME", "`date`", "back\\slash", "a!b"])
def test_a_shell_reads_the_argument_as_it_was(text: str) -> None:
    assert shlex.split(quoted(text)) == [text]
    assert shlex.split(rerun_command("a", None, [f"--robust-data={text}"]))[-1] == f"--robust-data={text}"


def test_the_model_is_named_when_the_command_line_chose_it() -> None:
    assert rerun_command("a::b[m]", None) == 'pytest "a::b[m]"'
    assert rerun_command("a::b[m]", "openclip:A@x.pt") == 'pytest "a::b[m]" --models "openclip:A@x.pt"'


def test_options_come_in_one_word_each() -> None:
    words = shlex.split(rerun_command("a", "m", ["--robust-strict", "--robust-device=cuda:1"]))
    assert words == ["pytest", "a", "--models", "m", "--robust-strict", "--robust-device=cuda:1"]
