from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from spec_suites import HEAD, NAMES, load, load_check, one_check, pointed_at, problem, problems

from robustcheck.errors import SpecError
from robustcheck.spec import load_suite
from robustcheck.spec.source import read_document


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_document(path)
    assert document.mistakes == ()
    return document.data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("7.", 7.0),
        ("-3", -3),
        ("0", 0),
        ("0x1F", 31),
        ("0o10", 8),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("12:30:45", "12:30:45"),
        ("2027-01-31", "2027-01-31"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("45%", "45%"),
        ("2.0pp", "2.0pp"),
        ("y", "y"),
        ("'off'", "off"),
        ('"010"', "010"),
        ("!!str 010", "010"),
        (".inf", float("inf")),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    data = read(tmp_path, f"a: {text}\n")
    assert data == {"a": value}
    assert type(data["a"]) is type(value)  # type: ignore[index]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("off", 'false, or the word in quotes: "off"'),
        ("Yes", 'true, or the word in quotes: "Yes"'),
        ("NO", 'false, or the word in quotes: "NO"'),
        ("on", 'true, or the word in quotes: "on"'),
        ("010", '10, or in quotes: "010"'),
        ("-007", '-7, or in quotes: "-007"'),
        ("00.5", '0.5, or in quotes: "00.5"'),
    ],
)
def test_words_that_readers_disagree_on_are_problems(tmp_path: Path, word: str, expected: str) -> None:
    found = problem(tmp_path, one_check("expect: {at_least: 45%}", f"why: {word}"))
    assert f"'{word}'" in found.summary
    assert f"expected: {expected}" in found.text
    assert pointed_at(found) == word


def test_pyyaml_itself_stays_as_it_was(tmp_path: Path) -> None:
    load_check(tmp_path, "expect: {at_least: 45%}")
    assert yaml.safe_load("[off, 010, 1e-3, 12:30:45]") == [False, 8, "1e-3", 45045]


def test_every_duplicate_key_is_reported_at_its_second_place(tmp_path: Path) -> None:
    text = one_check("expect: {at_least: 45%, at_least: 50%}", "why: a", "why: b")
    found = problems(tmp_path, text)
    assert [(each.position.line, each.position.column, each.summary) for each in found] == [
        (5, 29, "duplicate key 'at_least': it already stands in line 5"),
        (7, 5, "duplicate key 'why': it already stands in line 6"),
    ]


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ('title: !!python/object/apply:os.system ["x"]', (5, 12), "the tag !!python/object/apply:os.system"),
        ("title: !mine x", (5, 12), "the tag !mine"),
        ("tags: !!omap [a]", (5, 11), "the tag !!omap"),
        ("seed: !!int three", (5, 11), "'three' is not of the type int"),
        ("<<: {why: x}", (5, 5), "merge keys (<<)"),
        ("3: x", (5, 5), "a key must be plain text"),
        ("? [a]\n    : b", (5, 7), "a key must be plain text"),
    ],
)
def test_what_yaml_allows_and_the_language_does_not(
    tmp_path: Path, line: str, place: tuple[int, int], words: str
) -> None:
    found = problem(tmp_path, one_check(line, "expect: {at_least: 45%}"))
    assert (found.position.line, found.position.column) == place
    assert words in found.summary


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ("    measure: {metric: top1, dataset: ${d}}\n", (4, 39), 'the variable in quotes: "${name}"'),
        ("\tmeasure: x\n", (4, 1), "a tab where YAML takes spaces only"),
        ("    seed: %45\n", (4, 11), "a value cannot start with '%'"),
        ("    why: a: b\n", (4, 11), "quotes around text that contains ': '"),
        ("    applies_to:\n      samples: >=1e9\n", (5, 17), 'the condition in quotes: ">=1e9"'),
        ("    applies_to: {samples: !=1e9}\n", (4, 32), 'the condition in quotes: "!=224"'),
        ("models: *\n", (4, 10), "text with a star in quotes"),
        ("    why: {a: b\n    seed: 3\n", (5, 9), "or a closing '}'"),
        ("    tags: [a, b\n    seed: 3\n", (5, 9), "or a closing ']'"),
        ('    why: "abc\n    seed: 3\n', (4, 10), "a quote is opened and not closed"),
        ("    why: x\n   seed: 3\n", (5, 4), "keys of one block in the same column"),
        ("    why\n    seed: 3\n", (4, 5), "a key without its ':'"),
        ("---\nfoo: 1\n", (4, 1), "one document a file"),
        ("    why: &w {a: *w}\n", (4, 10), "contains itself"),
        ("    why: \x07\n", (4, 10), "this character cannot stand in a YAML file"),
    ],
)
def test_syntax_errors_have_a_place_and_plain_words(
    tmp_path: Path, lines: str, place: tuple[int, int], words: str
) -> None:
    found = problem(tmp_path, f"{HEAD}  - id: a\n{lines}")
    assert (found.position.line, found.position.column) == place
    assert words in found.text
    assert "^" in found.text.splitlines()[2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"a: \xff\n", "the file is not UTF-8 text"),
        (b"- a\n", "this is not a suite"),
        (b"hello", "this is not a suite"),
        (b"a: " + b"[" * 3000, "nested too deeply"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 10)) for name in b"bcdefgh"),
            "stand for over",
        ),
    ],
)
def test_files_that_are_no_suite(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.robust.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=r"x\.robust\.yaml:\d+:") as caught:
        load_suite(path, NAMES)
    assert words in str(caught.value)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.yaml:1:1: the file cannot be read"):
        read_document(tmp_path / "gone.yaml")


def test_a_byte_order_mark_and_windows_lines_do_not_move_positions(tmp_path: Path) -> None:
    text = one_check("expect: {at_lest: 45%}").replace("\n", "\r\n")
    path = tmp_path / "x.robust.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    with pytest.raises(SpecError) as caught:
        load_suite(path, NAMES)
    assert pointed_at(caught.value.problems[0]) == "at_lest"
    assert caught.value.problems[0].position.line == 5


def test_anchors_and_aliases_are_read(tmp_path: Path) -> None:
    text = f"{HEAD}  - id: a\n    measure: &m {{metric: top1, dataset: digits}}\n    expect: &e {{at_least: 4%}}\n"
    suite = load(tmp_path, text + "  - {id: b, measure: *m, expect: *e}\n")
    assert suite.checks[0].quantity == suite.checks[1].quantity
    assert suite.checks[1].yaml == "- {id: b, measure: *m, expect: *e}"


def test_paths_are_shown_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suites").mkdir()
    found = problem(tmp_path / "suites", one_check("expect: {at_lest: 45%}"))
    assert found.text.startswith("suites/x.robust.yaml:5:14: unknown expectation 'at_lest'\n")
    monkeypatch.chdir(tmp_path / "suites")
    assert problem(tmp_path / "suites", one_check("expect: {at_lest: 45%}")).position.path == "x.robust.yaml"


def test_a_very_long_line_is_shown_around_its_mistake(tmp_path: Path) -> None:
    filler = ", ".join(f"tag{number}" for number in range(100))
    found = problem(tmp_path, one_check("expect: {at_least: 4%}", f"tags: [{filler}, Foo, {filler}]"))
    assert pointed_at(found) == "Foo"
    assert max(map(len, found.text.splitlines())) < 250


def test_carets_stay_below_text_after_a_tab(tmp_path: Path) -> None:
    found = problem(
        tmp_path,
        one_check("expect: {at_least: 45%}", 'known_deviations: [{model: "a\tb", reason: 3, until: 2027-01-31}]'),
    )
    _, source, carets, *_ = found.text.splitlines()
    assert source.index(" 3,") + 1 == carets.index("^")
    assert source.index("\t") == carets.index("\t")
