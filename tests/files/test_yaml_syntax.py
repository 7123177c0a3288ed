"""Text that is not YAML, explained at its place."""

from __future__ import annotations

import yaml

from robustcheck.files.yaml_syntax import explain_syntax_error


def error_of(text: str) -> yaml.YAMLError:
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        return error
    raise AssertionError(f"this is YAML: {text!r}")


def test_a_character_that_yaml_forbids_is_shown_at_its_place() -> None:
    text = "a: b\nc: d\x00e\n"
    mistake = explain_syntax_error(error_of(text), text.splitlines())
    assert (mistake.span.line, mistake.span.column) == (2, 5)
    assert mistake.summary == "this character cannot stand in a YAML file"


def test_a_forbidden_character_beyond_the_lines_is_still_said() -> None:
    mistake = explain_syntax_error(error_of("a: b\nc: d\x00e\n"), ["a"])
    assert mistake.summary == "the file holds a character that cannot stand in YAML"


def test_a_message_without_words_of_our_own_is_passed_on() -> None:
    mark = yaml.Mark("a", 0, 1, 3, None, None)
    mistake = explain_syntax_error(yaml.MarkedYAMLError("while doing this", None, "found that", mark), ["a", "b: c"])
    assert mistake.summary == "this is not YAML: while doing this; found that"
    assert (mistake.span.line, mistake.span.column) == (2, 4)


def test_an_error_without_a_place_is_shown_at_the_start() -> None:
    for error in (yaml.YAMLError("odd"), yaml.MarkedYAMLError(problem="odd")):
        mistake = explain_syntax_error(error, [])
        assert (mistake.span.line, mistake.span.column) == (1, 1)
        assert mistake.summary == "this is not YAML: odd"
