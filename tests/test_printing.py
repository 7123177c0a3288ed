"""Text from outside, made fit to be printed."""

from __future__ import annotations

import pytest

from robustcheck.errors import DataError, SpecError, did_you_mean
from robustcheck.printing import flowing, one_line, printable, shown, without_middle
from robustcheck.values import Position, Problem

HARMFUL = "a\x1b[2J\x07\x9b\r\n::error file=x::y\u2028\u202e\ud800\x00"
ACTED_ON = set("\x1b\x07\x9b\r\u2028\u202e\ud800\x00")


@pytest.mark.parametrize("write", [printable, one_line, flowing])
def test_nothing_that_a_terminal_or_a_ci_service_acts_on_is_left(write: object) -> None:
    text = write(HARMFUL)  # type: ignore[operator]
    assert not set(text) & ACTED_ON
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
    text.encode()


@pytest.mark.parametrize("command", ["::error::a", "  ::set-output name=x::y", "##[group]a", "##vso[task.x]a"])
def test_a_workflow_command_is_no_command_any_more(command: str) -> None:
    for text in (printable(f"first\n{command}"), one_line(command), flowing(f"\n{command}")):
        assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
        assert "##[" not in text
        assert "##vso[" not in text


@pytest.mark.parametrize("text", ["a.robust.yaml:5:3: no", "top1 [a|b] ≤ 5 µs", "# a comment", "#[x]", "C:\\x"])
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == one_line(text) == flowing(text) == text


def test_a_line_break_in_a_name_starts_no_line() -> None:
    assert one_line("a\n::error::b") == "a\\n::error::b"
    assert "\n" not in flowing("a\n\n  b")
    assert printable("a\n  b") == "a\n  b"


def test_long_text_is_shortened_and_counted() -> None:
    assert without_middle("x" * 100, 10) == "xxxxx...(90 characters)...xxxxx"
    assert len(one_line("x" * 10**7)) < 3000


def test_the_representation_of_a_value_is_short_however_large_the_value_is() -> None:
    value: object = "x"
    for _ in range(60):
        value = [value] * 10
    assert len(shown(value)) < 3000
    assert len(shown({str(number): "y" * 10**5 for number in range(10)})) < 3000
    assert len(shown(10**4000)) < 300


def test_an_error_escapes_each_of_its_parts() -> None:
    error = DataError(HARMFUL, where=HARMFUL, expected=HARMFUL, fix=HARMFUL)
    assert not set(str(error)) & ACTED_ON
    assert [line.split(":")[0] for line in str(error).split("\n")][1:] == ["  expected", "  to do"]


def test_an_error_of_several_lines_is_given_its_lines() -> None:
    error = DataError("none", expected=("one of:", "  a\nb"))
    assert str(error) == "none\n  expected: one of:\n  a\\nb"


def test_a_message_is_bounded_whatever_was_found() -> None:
    error = DataError("x" * 10**6, where="y" * 10**6, expected="z" * 10**6, fix="w" * 10**6)
    assert len(str(error)) < 20_000
    problem = Problem(Position("a", 1, 1), "b", "c" * 10**6)
    many = SpecError([problem] * 10_000)
    assert len(str(many)) < 500_000
    assert "9,950 more mistakes" in str(many)
    assert len(many.problems) == 10_000


def test_no_name_is_suggested_for_a_text_that_is_no_name() -> None:
    assert did_you_mean("x" * 10**6, ["x" * 10**6, "top1"]) == ""
    assert did_you_mean("top11", ["x" * 10**6, "top1"]) == "did you mean 'top1'?"


def test_capitals_are_the_nearest_mistake() -> None:
    assert did_you_mean("vit-b-32", ["vit-B-31", "ViT-S-32", "ViT-B-32"]) == "did you mean 'ViT-B-32'?"
