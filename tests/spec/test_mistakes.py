"""Common mistakes: each has its place, its message and its suggestion, and an editor marks most of them."""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from language_server import SERVER, editor

from robustcheck.errors import SpecError
from robustcheck.run.known_names import known_names
from robustcheck.spec import json_schema, load_suite
from robustcheck.spec.suggestions import suggest, suggest_amount, suggest_expectation

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "mistakes_table.py"), run_name="mistakes_table")
CASES = yaml.safe_load(SCRIPT["CASES"].read_text(encoding="utf-8"))
# Nothing but running a suite shows these: no schema compares two values of a file, or knows its variables.
BEYOND_A_SCHEMA = {
    "a trend against what is measured",
    "a correlation with itself",
    "per cent without its sign",
    "a misspelt class",
    "a misspelt class of ImageNet",
    "a name of two classes",
    "a class set of other classes",
    "a misspelt column of groups",
    "a model in the place of a data set",
    "a range turned round",
    "a warning that is looser",
    "the same id twice",
    "a variable that is not there",
    "a word that is a truth",
    "a version with a point",
    "a glob that matches nothing",
    "more than what is measured",
    "a number beyond all counting",
    "a metric for unseen classes",
    "a metric for captions",
    "accuracy of captions",
    "a variable that nothing uses",
    "an attack by 8 of 255 grey levels",
    "a setting that the attack does not take",
    "an accuracy at another eps",
    "a comparison with a set of models",
    "an attack by a set of models",
}
# The server takes tags and keys that end in a value for what they are.
_SERVER_TAKES = {"a tag", "no space after a colon in braces"}
# One edit, and more than one thing is wrong.
_SEVERAL = {"a range without its unit", "a range by min and max"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Every mistake with what is said of it."""
    place = tmp_path_factory.mktemp("mistakes")
    with contextlib.chdir(place):
        return list(SCRIPT["rows"](place))


def test_the_suite_itself_is_sound(tmp_path: Path) -> None:
    path = tmp_path / SCRIPT["FILE"]
    path.write_text(CASES["suite"], encoding="utf-8")
    names = known_names(tmp_path)
    assert load_suite(path, names).checks
    jsonschema.Draft202012Validator(json_schema(names)).validate(yaml.safe_load(CASES["suite"]))


def test_every_mistake_is_said_as_the_page_says(found: list[Any]) -> None:
    assert [row.name for row in found] == [mistake["name"] for mistake in CASES["mistakes"]]
    assert all(row.suggestion for row in found)
    said = SCRIPT["PAGE"].read_text(encoding="utf-8")
    assert said == SCRIPT["page"](found), "run: python scripts/mistakes_table.py --write"


def test_an_editor_marks_all_that_a_schema_can_know(found: list[Any]) -> None:
    assert {row.name for row in found if not row.editor} == BEYOND_A_SCHEMA
    assert sum(row.editor == "schema" for row in found) >= 60


@pytest.mark.skipif(SERVER is None, reason="npm install -g yaml-language-server")
def test_the_language_server_marks_them_and_completes_names(tmp_path: Path) -> None:
    def written(name: str, text: str) -> Path:
        path = tmp_path / f"{name}.robust.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    with editor(ROOT / "robustcheck" / "schema.json") as opened:
        assert opened.marks(written("sound", CASES["suite"])) == []
        for number, mistake in enumerate(CASES["mistakes"]):
            marked = opened.marks(written(f"m{number}", SCRIPT["edited"](CASES["suite"], mistake)))
            is_marked = mistake["name"] not in BEYOND_A_SCHEMA | _SERVER_TAKES
            assert bool(marked) == is_marked, mistake["name"]
        bare = written("bare", CASES["suite"].replace("metric: top1", "metric: "))
        assert {"top1", "ece", "shape_bias"} <= set(opened.completes(bare, "metric: "))
        bare = written("set", CASES["suite"].replace("models: zoo", "models: "))
        assert {"laion", "zoo"} <= set(opened.completes(bare, "models: "))


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("top11", ["top1", "top5"], "did you mean 'top1'?"),
        ("Accuracy", ["accuracy_drop", "top1"], "did you mean 'top1'?"),
        ("accuracy", ["accuracy_drop"], "did you mean 'accuracy_drop'?"),
        ("imagenet", ["imagenet-a", "imagenet-val"], "did you mean 'imagenet-val'?"),
        ("min", ["at_least", "at_most"], "did you mean 'at_least'?"),
        ("qqq", ["at_least"], ""),
    ],
)
def test_what_other_tools_call_it_comes_before_what_looks_alike(name: str, known: list[str], meant: str) -> None:
    assert suggest(name, known) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("50,5%", "50.5%"), ("50 per cent", "50%"), ("2 points", "2pp"), ("0,5 pts", "0.5pp"), ("50%", ""), ("a,b", "")],
)
def test_amounts_in_other_notations(text: str, meant: str) -> None:
    assert suggest_amount(text) == (f"did you mean '{meant}'?" if meant else "")


def test_comparisons_in_signs() -> None:
    assert suggest_expectation("<0.1") == "did you mean {at_most: 0.1}?"
    assert suggest_expectation("≥ 45%") == "did you mean {at_least: 45%}?"
    assert suggest_expectation("45%") == ""


_SOUND = CASES["suite"].encode()


@pytest.mark.parametrize(
    ("content", "place", "said", "expected"),
    [
        (b"", (1, 1), "the file is empty", "a suite that starts with robustcheck: 1"),
        (b"# later\r\n", (1, 1), "the file is empty", "a suite that starts with robustcheck: 1"),
        (_SOUND.replace(b"My", b"M\xfcller's"), (2, 9), "the file is not UTF-8 text", "a UTF-8 text file"),
        (CASES["suite"].encode("utf-16"), (1, 1), "the file is not UTF-8 text", "a UTF-8 text file"),
        (_SOUND.replace(b"My", b"M\x00"), (2, 1), "a NUL byte in the text", "a UTF-8 text file"),
        (b"[" * 300, (1, 41), "nested too deeply", "at most 40"),
        (_SOUND.replace(b"models", b"modles").replace(b"\n", b"\r\n"), (3, 1), "'modles'", "robustcheck, title"),
        (b"\xef\xbb\xbf" + _SOUND.replace(b"models", b"modles"), (3, 1), "'modles'", "robustcheck, title"),
        (_SOUND.replace(b"zoo", b"z" * 5000, 1), (3, 9), "longer than a file system takes", "at most 255 bytes"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_has_one_short_error(
    tmp_path: Path, content: bytes, place: tuple[int, int], said: str, expected: str
) -> None:
    path = tmp_path / SCRIPT["FILE"]
    path.write_bytes(content)
    with pytest.raises(SpecError) as raised:
        load_suite(path, known_names(tmp_path))
    (problem,) = raised.value.problems
    assert (problem.position.line, problem.position.column) == place
    assert said in problem.summary
    assert expected in problem.text.split("expected: ")[1]
    assert len(problem.text) < 5000


@pytest.mark.parametrize("change", [(b"\n", b"\r\n"), (b"robust", b"\xef\xbb\xbfrobust"), (b"digits}", b"digits,}")])
def test_endings_marks_and_commas_of_other_editors_are_no_mistake(tmp_path: Path, change: tuple[bytes, bytes]) -> None:
    path = tmp_path / SCRIPT["FILE"]
    path.write_bytes(_SOUND.replace(*change, 1 if b"robust" in change else -1))
    assert len(load_suite(path, known_names(tmp_path)).checks) == 4


def test_one_mistake_is_one_error(found: list[Any]) -> None:
    """What stands in the wrong place is not said to be missing in the right one as well."""
    assert {row.name for row in found if row.errors > 1} == _SEVERAL
