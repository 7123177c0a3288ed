from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from spec_suites import HEAD, MEASURE, NAMES, load, load_check, one_check, pointed_at, problem, problems, write
from suite_texts import DESIGN_SUITE, SIX_MISTAKES

from robustcheck.spec import KnownNames, load_suite
from robustcheck.spec.problems import list_known
from robustcheck.values import Amount, KnownDeviation, Term
from robustcheck.values.expectations import AtLeast, OnTrend


def test_six_mistakes_are_six_problems_with_places_and_suggestions(tmp_path: Path) -> None:
    found = problems(tmp_path, SIX_MISTAKES)
    assert [(each.position.line, each.position.column, each.summary) for each in found] == [
        (2, 1, "unknown key 'modles'"),
        (5, 39, "unknown dataset 'imagenet-v3'"),
        (6, 23, "unknown metric 'top11'"),
        (7, 24, "45pp is a difference"),
        (8, 9, "duplicate check id 'shift'"),
        (10, 14, "unknown expectation 'at_lest'"),
    ]
    assert [pointed_at(each) for each in found] == ["modles", "imagenet-v3", "top11", "45pp", "shift", "at_lest"]
    last_lines = [each.text.splitlines()[-1].strip() for each in found]
    assert last_lines == [
        "did you mean 'models'?",
        "did you mean 'imagenet-v2'?",
        "did you mean 'top1'?",
        "did you mean '45%'?",
        "expected: an id of its own (line 4 has this one already)",
        "did you mean 'at_least'?",
    ]


def test_a_problem_reads_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert problems(tmp_path, SIX_MISTAKES)[2].text == (
        "x.robust.yaml:6:23: unknown metric 'top11'\n"
        '  6 |     measure: {metric: top11, dataset: "${dataset}"}\n'
        "    |                       ^^^^^\n"
        "  expected: one of auroc, ece, mce, mean_per_class_recall, nll, overlap_gap, top1, top5\n"
        "  did you mean 'top1'?"
    )


def test_the_suite_of_the_design_is_read(tmp_path: Path) -> None:
    suite = load(tmp_path, DESIGN_SUITE)
    assert (suite.title, suite.models, len(suite.checks)) == ("Natural distribution shifts", ("clip",), 3)
    first, second, pose = suite.checks
    assert (first.key, second.key, pose.key) == (
        "shift-on-trend[imagenet-v2]",
        "shift-on-trend[imagenet-r]",
        "pose-accuracy",
    )
    assert isinstance(first.expect, OnTrend)
    assert first.expect.allowed_below == Amount(0.02, "pp")
    assert isinstance(first.warn, OnTrend)
    assert first.warn == first.expect.model_copy(update={"allowed_below": Amount(0.01, "pp")})
    assert (first.tags, first.seed, first.when_unsure) == (("shift",), 7, "unsure")
    assert second.quantity.dataset == "imagenet-r"
    assert pose.quantity.where == (("factor", "pose"),)
    assert pose.title == "Pose accuracy"


def test_a_check_knows_its_places_and_its_own_text(tmp_path: Path) -> None:
    first, _, pose = load(tmp_path, DESIGN_SUITE).checks
    assert (first.position.line, first.position.column) == (10, 5)
    assert (first.expect_position.line, first.expect_position.column) == (14, 5)
    assert first.yaml.splitlines()[0] == "- id: shift-on-trend"
    assert first.yaml.splitlines()[-1] == "  why: A drop here meant broken augmentation in the past."
    assert pose.yaml == (
        "- id: pose-accuracy\n"
        "  measure: {metric: top1, dataset: imagenet-x, where: {factor: pose}}\n"
        "  expect: {at_least: 45%}       # as measured"
    )


def test_a_check_at_the_end_of_a_file_without_newline_keeps_its_last_line(tmp_path: Path) -> None:
    suite = load(tmp_path, one_check("expect: {at_least: 45%}").rstrip("\n"))
    assert suite.checks[0].yaml.endswith("expect: {at_least: 45%}")


def test_defaults_and_titles_of_a_bare_suite(tmp_path: Path) -> None:
    suite = load(tmp_path, one_check("expect: {at_least: 45%}"))
    check = suite.checks[0]
    assert (suite.title, suite.about, suite.models) == ("x", "", ("clip",))
    assert (check.seed, check.when_unsure, check.tags, check.applies_to) == (0, "unsure", (), ())
    assert check.expect == AtLeast(limit=Amount(0.45, "%"))


def test_a_check_overrides_and_adds_to_the_defaults(tmp_path: Path) -> None:
    defaults = "defaults: {tags: [shift, slow], seed: 3, when_unsure: warn}\napplies_to: {source: laion}\n"
    own = one_check("expect: {at_least: 45%}", "tags: [slow, mine]", "seed: 0", "when_unsure: fail")
    check = load(tmp_path, defaults + own + "    applies_to: samples>=1e9&architecture!=cnn\n").checks[0]
    assert (check.tags, check.seed, check.when_unsure) == (("shift", "slow", "mine"), 0, "fail")
    assert check.applies_to == (
        Term("source", "=", ("laion",)),
        Term("samples", ">=", ("1e9",)),
        Term("architecture", "!=", ("cnn",)),
    )


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ("laion", ("laion",)),
        ("clip, zoo", ("clip", "zoo")),
        ("[clip, 'openclip:ViT-B-*/*']", ("clip", "openclip:ViT-B-*/*")),
        (
            '{source: laion, architecture: [vit, cnn], samples: ">=1e9"}',
            ("source=laion&architecture=vit|cnn&samples>=1e9",),
        ),
        ("[zoo, {source: '!=wit'}]", ("zoo", "source!=wit")),
        ("{samples: 1e9, zoo: true}", ("samples=1000000000&zoo=yes",)),
        ("source=la*", ("source=la*",)),
    ],
)
def test_models_are_texts(tmp_path: Path, written: str, texts: tuple[str, ...]) -> None:
    assert load(tmp_path, f"models: {written}\n" + one_check("expect: {at_least: 45%}")).models == texts


@pytest.mark.parametrize(
    ("written", "target", "words"),
    [
        ("nothing", "nothing", "unknown model 'nothing'"),
        ("[clip, nothing]", "nothing", "unknown model 'nothing'"),
        ("laoin", "laoin", "did you mean 'laion'?"),
        ("{sorce: laion}", "sorce", "did you mean 'source'?"),
        ("{source: [wit, laoin]}", "laoin", "no model has source 'laoin'"),
        ("source=laoin", "source=laoin", "no model has source 'laoin'"),
        ('{samples: ">=many"}', '">=many"', "'many' is not a number"),
        ("samples>many", "samples>many", "'many' is not a number"),
        ("source=laion|", "source=laion|", "'source' has no value"),
        ("sauce=laion&source=wit", "sauce=laion&source=wit", "did you mean 'source'?"),
        ("{source: }", "source", "'source' has no value"),
        ("{samples: [{a: b}]}", "[", "'samples' has no value"),
        ("[]", "[", "'models' names no model"),
        ("3", "3", "this names no model"),
        ("clip,,zoo", "clip,,zoo", "this names no model"),
    ],
)
def test_unknown_models_are_problems(tmp_path: Path, written: str, target: str, words: str) -> None:
    found = problem(tmp_path, f"models: {written}\n" + one_check("expect: {at_least: 45%}"))
    assert words in found.text
    assert pointed_at(found) == target


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("laion", "did you mean 'source=laion'?"),
        ("{source: laoin}", "did you mean 'laion'?"),
        ("[a]", "'applies_to' is not a query"),
        ("{}", "the query has no condition"),
        ("", "'applies_to' is not a query"),
    ],
)
def test_applies_to_must_be_a_query(tmp_path: Path, written: str, words: str) -> None:
    assert words in problem(tmp_path, one_check("expect: {at_least: 45%}", f"applies_to: {written}")).text


def test_known_deviations_are_read(tmp_path: Path) -> None:
    line = "known_deviations: [{model: ViT-B-32/openai, reason: old resizing, until: 2027-01-31}]"
    check = load_check(tmp_path, "expect: {at_least: 45%}", line)
    assert check.known_deviations == (KnownDeviation("ViT-B-32/openai", "old resizing", "2027-01-31"),)


@pytest.mark.parametrize(
    ("line", "target", "words"),
    [
        ("known_deviations: [{model: x, reason: y, until: 2026-02-30}]", "2026-02-30", "a date of the calendar"),
        ("known_deviations: [{model: x, reason: y, until: soon}]", "soon", "a date of the calendar"),
        ('known_deviations: [{model: x, reason: " ", until: 2026-02-20}]', '" "', "a few words"),
        ("known_deviations: [{model: x, until: 2026-02-20}]", "{", "missing key 'reason'"),
        ("known_deviations: [x]", "x", "a block with the keys model, reason, until"),
        ("tags: shift", "shift", "did you mean [shift]?"),
        ("tags: [skip]", "skip", "pytest gives this one a meaning of its own"),
        ("tags: [A B]", "A B", "an entry of 'tags' cannot be 'A B'"),
        ("title: 2024", "2024", 'did you mean "2024", in quotes?'),
        ("title:", "title", "'title' has no value"),
        ("seed: -1", "-1", "a whole number from 0"),
        ("seed: 1.5", "1.5", "'seed' cannot be 1.5"),
        ("when_unsure: fial", "fial", "did you mean 'fail'?"),
        ("expects: 3", "expects", "did you mean 'expect'?"),
        ("warn:", "warn", "'warn' has no limit"),
    ],
)
def test_wrong_values_are_explained(tmp_path: Path, line: str, target: str, words: str) -> None:
    found = problem(tmp_path, one_check("expect: {at_least: 45%}", line))
    assert words in found.text
    assert pointed_at(found) == target


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("checks: [{id: a, measure: {metric: top1, dataset: digits}, expect: {at_least: 4%}}]", "key 'robustcheck'"),
        ("robustcheck: 2\n" + one_check("expect: {at_least: 4%}").split("\n", 1)[1], "'robustcheck' cannot be 2"),
        ("robustcheck: true\n" + one_check("expect: {at_least: 4%}").split("\n", 1)[1], "cannot be true"),
        ("robustcheck: 1\n", "missing key 'checks'"),
        ("robustcheck: 1\nchecks: []\n", "'checks' has no checks"),
        ("robustcheck: 1\nchecks: [a]\n", "this is not a check"),
        (HEAD + "  - id: Pose accuracy\n" + MEASURE + "    expect: {at_least: 4%}\n", "'id' cannot be 'Pose accuracy'"),
        (HEAD + "  - id: a\n    measure: {metric: top1, datset: digits}\n    expect: {at_least: 4%}\n", "'dataset'?"),
        (HEAD + "  - id: a\n    measure: {metric: top1}\n    expect: {at_least: 4%}\n", "missing key 'dataset'"),
        (HEAD + "  - id: a\n    measure: top1\n    expect: {at_least: 4%}\n", "the keys metric, dataset"),
        (HEAD + "  - id: a\n    measure:\n    expect: {at_least: 4%}\n", "'measure' has no value"),
    ],
)
def test_mistakes_of_structure(tmp_path: Path, text: str, words: str) -> None:
    assert words in problem(tmp_path, text).text


def test_messages_hold_no_words_of_pydantic(tmp_path: Path) -> None:
    text = one_check("expect: {on_trend: 3}", "tags: 3", "seed: x", "why: [a]", "known_deviations: {a: b}")
    everything = "\n".join(each.text for each in problems(tmp_path, text)).lower()
    for word in ("pydantic", "input should", "extra inputs", "field required", "valid ", "_type", "dict"):
        assert word not in everything


def test_reading_suites_imports_no_torch_and_no_registry() -> None:
    code = (
        "import sys, robustcheck.spec\n"
        "heavy = {'torch', 'open_clip', 'timm', 'transformers', 'scipy', 'pandas', 'PIL', 'robustcheck.models',"
        " 'robustcheck.datasets', 'robustcheck.populations', 'robustcheck.spec.schema'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_series_has_a_number_of_looks_or_is_open(tmp_path: Path) -> None:
    found = problem(tmp_path, "series: {name: nightly, looks: never}\n" + one_check("expect: {at_least: 45%}"))
    assert (found.summary, pointed_at(found)) == ("'looks' cannot be 'never'", "never")
    assert "expected: a whole number of at least 1, or open" in found.text
    empty = problem(tmp_path, "series: {name: nightly, looks: }\n" + one_check("expect: {at_least: 45%}"))
    assert empty.summary == "'looks' has no value"
    assert "expected: a whole number of at least 1, or open" in empty.text


def test_without_a_catalogue_any_model_is_taken(tmp_path: Path) -> None:
    names = KnownNames(NAMES.metrics, datasets=NAMES.datasets)
    path = write(tmp_path, "models: [my-own/model]\n" + one_check("expect: {at_least: 45%}"))
    assert load_suite(path, names).models == ("my-own/model",)


def test_where_nothing_is_known_it_is_said() -> None:
    assert list_known([]) == "none is known here"
    assert list_known(["b", "a"]) == "one of a, b"
