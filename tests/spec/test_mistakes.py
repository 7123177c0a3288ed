"""Common mistakes: each has its place, its message and its suggestion, and an editor marks most of them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from language_server import SERVER, editor

from robustcheck.run.known_names import known_names
from robustcheck.spec import json_schema, load_suite
from robustcheck.spec.suggestions import suggest, suggest_amount, suggest_expectation

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "mistakes_table.py"), run_name="mistakes_table")
CASES = yaml.safe_load(SCRIPT["CASES"].read_text(encoding="utf-8"))
# Nothing but running a suite shows these: no schema compares two values of a file, or knows its variables.
BEYOND_A_SCHEMA = {
    "a range turned round",
    "a warning that is looser",
    "the same id twice",
    "a variable that is not there",
    "a word that is a truth",
    "a key twice",
    "exactly as good as",
    "more than what is measured",
    "more than another metric",
}


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every mistake with what is said of it."""
    monkeypatch.chdir(tmp_path)
    return list(SCRIPT["rows"](tmp_path))


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
            # Of a key that stands twice the server knows, too.
            assert bool(marked) == (mistake["name"] not in BEYOND_A_SCHEMA - {"a key twice"}), mistake["name"]
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
