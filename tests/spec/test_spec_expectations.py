from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spec_suites import HEAD, NAMES, load, load_check, one_check, pointed_at, problem, problems

from robustcheck.spec import load_suite
from robustcheck.values import Amount
from robustcheck.values.expectations import (
    KINDS,
    AtLeast,
    AtMost,
    Between,
    Expectation,
    NoWorseThan,
    OnTrend,
    Reproduces,
)

AGAINST = "against: {metric: top1, dataset: imagenet-val}"
VAL: dict[str, Any] = {"metric": "top1", "dataset": "imagenet-val"}


@pytest.mark.parametrize(
    ("written", "expectation"),
    [
        ("{at_least: 45%}", AtLeast(limit=Amount(0.45, "%"))),
        ("{at_least: {limit: 45%}}", AtLeast(limit=Amount(0.45, "%"))),
        ("{at_most: 60.5%}", AtMost(limit=Amount(0.605, "%"))),
        ("{between: [40%, 60%]}", Between(low=Amount(0.4, "%"), high=Amount(0.6, "%"))),
        ("{between: {low: 40%, high: 60%}}", Between(low=Amount(0.4, "%"), high=Amount(0.6, "%"))),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, allowed_below: 2.0pp}}}}",
            OnTrend.model_validate({"population": "openclip", "against": VAL, "allowed_below": "2pp"}),
        ),
        (
            f"{{on_trend: {{population: timm, {AGAINST}, within: 95%, among: {{source: [laion, wit]}}, "
            "x_range: [50%, 90%], axis: logit}}",
            OnTrend.model_validate(
                {
                    "population": "timm",
                    "against": VAL,
                    "within": "95%",
                    "among": {"source": ["laion", "wit"]},
                    "x_range": ["50%", "90%"],
                    "axis": "logit",
                }
            ),
        ),
        (
            "{no_worse_than: {baseline: main, allowed_drop: 0.5pp}}",
            NoWorseThan(baseline="main", allowed_drop=Amount(0.005, "pp")),
        ),
        (
            "{no_worse_than: {model: 'openclip:RN50/openai', allowed_drop: 0pp}}",
            NoWorseThan(model="openclip:RN50/openai", allowed_drop=Amount(0.0, "pp")),
        ),
        ("{reproduces: {within: 0.5pp}}", Reproduces(within=Amount(0.005, "pp"))),
    ],
)
def test_each_kind_is_read(tmp_path: Path, written: str, expectation: Expectation) -> None:
    assert load_check(tmp_path, f"expect: {written}").expect == expectation


def test_every_kind_has_its_limits_and_an_example_that_loads(tmp_path: Path) -> None:
    for kind, expectation in KINDS.items():
        check = load_check(tmp_path, *expectation.example.splitlines())
        assert type(check.expect) is expectation
        assert expectation.kind == kind
        assert expectation.limits
        assert all(limit.key in expectation.model_fields for limit in expectation.limits)
        assert set(expectation.shorthand) <= set(expectation.model_fields)


@pytest.mark.parametrize(
    ("written", "target", "words"),
    [
        ("{groups_above: {higher: {source: laion}}}", "groups_above", "unknown expectation 'groups_above'"),
        ("{at_lest: 45%}", "at_lest", "did you mean 'at_least'?"),
        ("{}", "expect", "expected: exactly one kind of expectation: at_least, at_most"),
        ("{at_least: 4%, at_most: 5%}", "expect", "'expect' has 'at_least' and 'at_most'"),
        ("at_least 45%", "at_least 45%", "a block with the keys at_least, at_most"),
        ("{at_least: }", "at_least", "'at_least' has no value"),
        ("{at_least: 45 percent}", "45 percent", "an amount such as 45%, 2.0pp or 0.12"),
        ("{at_least: {limt: 45%}}", "limt", "did you mean 'limit'?"),
        ("{between: 50%}", "50%", "a limit, as in {between: [40%, 60%]}"),
        ("{between: [50%]}", "[", "'between' cannot be a list of 1"),
        ("{between: {low: 50%}}", "between", "missing key 'high' in 'between'"),
        ("{between: [60%, 40%]}", "60%", "not below the high end 40%"),
        ("{reproduces: 0.5pp}", "0.5pp", "a limit, as in {reproduces: {within: 0.5pp, population: openclip}}"),
        ("{no_worse_than: {allowed_drop: 1pp}}", "no_worse_than", "expected: exactly one of baseline and model"),
        ("{no_worse_than: {baseline: a, model: zoo, allowed_drop: 1pp}}", "no_worse_than", "exactly one of"),
        ("{no_worse_than: {model: nothing, allowed_drop: 1pp}}", "nothing", "unknown model 'nothing'"),
        (f"{{on_trend: {{population: openclip, {AGAINST}}}}}", "on_trend", "exactly one of allowed_below"),
        (f"{{on_trend: {{population: openclp, {AGAINST}, within: 95%}}}}", "openclp", "did you mean 'openclip'?"),
        (f"{{on_trend: {{population: openclip, {AGAINST}, within: 95}}}}", "95", "a share strictly between 0%"),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%, axis: probti}}}}",
            "probti",
            "did you mean 'probit'?",
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%, x_range: [40%]}}}}",
            "[",
            "'x_range' needs two values",
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%, x_range: [40%, 0.9]}}}}",
            "0.9",
            "did you mean '90%'?",
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%, x_range: [90%, 40%]}}}}",
            "90%",
            "not below the high end",
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%, among: {{source: laoin}}}}}}",
            "laoin",
            "did you mean 'laion'?",
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%, among: {{source: [3]}}}}}}",
            "3",
            "no model has source '3'",
        ),
        (
            "{on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-vl}, within: 95%}}",
            "imagenet-vl",
            "did you mean 'imagenet-val'?",
        ),
        (f"{{on_trend: {{population: mine.csv, {AGAINST}, within: 95%}}}}", "mine.csv", "does not exist"),
    ],
)
def test_wrong_expectations(tmp_path: Path, written: str, target: str, words: str) -> None:
    found = problems(tmp_path, one_check(f"expect: {written}"))[0]
    assert words in found.text
    assert pointed_at(found) == target


@pytest.mark.parametrize(
    ("metric", "expect", "words"),
    [
        ("top1", "{at_least: 0.45}", "0.45 has no unit\n|expected: a percentage such as 45%|did you mean '45%'?"),
        ("top1", "{at_least: 45}", "45 has no unit|did you mean '45%'?"),
        ("top1", "{at_most: 45pp}", "45pp is a difference|did you mean '45%'?"),
        ("top1", "{at_least: 145%}", "145% is out of range|from 0% to 100%"),
        ("top1", "{at_least: -1%}", "-1% is out of range|from 0% to 100%"),
        ("top1", "{reproduces: {within: 1%}}", "1% is a level|percentage points such as 2.0pp|did you mean '1pp'?"),
        ("top1", "{reproduces: {within: 1}}", "1 has no unit|did you mean '1pp'?"),
        ("top1", "{no_worse_than: {baseline: m, allowed_drop: -1pp}}", "-1pp is out of range|from 0pp to 100pp"),
        ("ece", "{at_most: 5%}", "5% has a unit, but the metric has none|a bare number such as 0.12|'0.05'"),
        ("ece", "{between: [0.1, 5%]}", "5% has a unit"),
        ("ece", "{reproduces: {within: -0.1}}", "-0.1 is negative|0 or more"),
        ("auroc", "{at_least: 95%}", "95% has a unit, but the metric has none|did you mean '0.95'?"),
        ("nll", "{no_worse_than: {baseline: m, allowed_drop: 1pp}}", "1pp has a unit, but the metric has none"),
        ("mce", "{at_most: 0.8}", "0.8 has no unit|did you mean '80%'?"),
        ("mce", "{no_worse_than: {baseline: m, allowed_drop: -1pp}}", "-1pp is negative|0 or more"),
        ("mce", "{at_most: -5%}", "-5% is out of range|expected: 0% or more"),
        ("nll", "{at_most: -1}", "-1 is out of range|expected: 0 or more"),
        ("nll", "{reproduces: {within: -1}}", "-1 is negative|0 or more"),
        ("overlap_gap", "{at_most: 150%}", "150% is out of range|expected: from -100% to 100%"),
        ("overlap_gap", "{reproduces: {within: 250pp}}", "250pp is out of range|expected: from 0pp to 200pp"),
        ("overlap_gap", "{at_most: 100%}", "a limit of 100% cannot be broken"),
    ],
)
def test_units_follow_the_metric(tmp_path: Path, metric: str, expect: str, words: str) -> None:
    text = f"{HEAD}  - id: a\n    measure: {{metric: {metric}, dataset: digits}}\n    expect: {expect}\n"
    found = problem(tmp_path, text)
    assert all(part in found.text for part in words.split("|"))


def test_a_unit_that_fits_no_metric_is_reported_beside_an_unknown_metric(tmp_path: Path) -> None:
    text = f"{HEAD}  - id: a\n    measure: {{metric: top11, dataset: digits}}\n    expect: {{at_least: 45pp}}\n"
    assert [each.summary for each in problems(tmp_path, text)] == ["unknown metric 'top11'", "45pp is a difference"]


def test_dimensionless_metrics_take_bare_numbers(tmp_path: Path) -> None:
    text = one_check("expect: {at_most: 1e-1}", "warn: .05").replace("top1", "ece")
    check = load(tmp_path, text).checks[0]
    assert (check.expect, check.warn) == (AtMost(limit=Amount(0.1, "")), AtMost(limit=Amount(0.05, "")))


@pytest.mark.parametrize(("metric", "expect"), [("top1", "{at_most: 45%}"), ("ece", "{at_least: 0.1}")])
def test_a_limit_is_no_doubt_where_either_side_can_be_meant(tmp_path: Path, metric: str, expect: str) -> None:
    path = tmp_path / "x.robust.yaml"
    path.write_text(one_check(f"expect: {expect}").replace("top1", metric), encoding="utf-8")
    doubts = [
        load_suite(path, names).checks[0].doubts for names in (NAMES, replace(NAMES, either_side=frozenset({metric})))
    ]
    assert list(map(len, doubts)) == [1, 0]


@pytest.mark.parametrize(
    ("metric", "expect", "doubt"),
    [
        (
            "ece",
            "{at_least: 0.1}",
            "ece: lower is better, and at_least: 0.1 lets every model pass that is worse than that",
        ),
        ("ece", "{at_least: 0.1}", "Write at_most, or between: [0.1, ...]"),
        ("top1", "{at_most: 45%}", "top1: higher is better, and at_most: 45% lets every model pass"),
        ("top1", "{at_most: 45%}", "Write at_least, or between: [..., 45%] with the other end too if it is meant"),
        ("mce", "{at_least: 80%}", "lower is better"),
        ("ece", "{at_most: 0.1}", ""),
        ("top1", "{at_least: 45%}", ""),
        ("ece", "{between: [0.1, 0.2]}", ""),
        ("top1", "{between: [0%, 45%]}", ""),
        ("top1", "{no_worse_than: {baseline: main, allowed_drop: 1pp}}", ""),
        ("ece", "{correlates: {with: {metric: top1, dataset: imagenet-val}, at_most: 0.2}}", ""),
    ],
)
def test_a_limit_that_asks_for_worse_models_is_a_doubt(tmp_path: Path, metric: str, expect: str, doubt: str) -> None:
    text = one_check(f"expect: {expect}").replace("metric: top1, dataset: digits", f"metric: {metric}, dataset: digits")
    [check] = load(tmp_path, text).checks
    assert len(check.doubts) == bool(doubt)
    assert doubt in "".join(check.doubts)


def test_the_side_of_a_claim_is_that_of_its_paper(tmp_path: Path) -> None:
    assert load_check(tmp_path, "expect: {at_most: 45%}", "claim: It is fooled.", 'source: "Tu 2024"').doubts == ()


@pytest.mark.parametrize(
    ("expect", "warn", "merged"),
    [
        ("{at_least: 45%}", "50%", AtLeast(limit=Amount(0.5, "%"))),
        ("{at_least: 45%}", "{limit: 45%}", AtLeast(limit=Amount(0.45, "%"))),
        ("{between: [40%, 60%]}", "[45%, 55%]", Between(low=Amount(0.45, "%"), high=Amount(0.55, "%"))),
        ("{between: [40%, 60%]}", "{high: 55%}", Between(low=Amount(0.4, "%"), high=Amount(0.55, "%"))),
        (
            "{no_worse_than: {baseline: main, allowed_drop: 1pp}}",
            "{allowed_drop: 0pp}",
            NoWorseThan(baseline="main", allowed_drop=Amount(0.0, "pp")),
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%}}}}",
            "{within: 80%}",
            OnTrend.model_validate({"population": "openclip", "against": VAL, "within": "80%"}),
        ),
    ],
)
def test_a_warning_merges_over_its_expectation(tmp_path: Path, expect: str, warn: str, merged: Expectation) -> None:
    assert load_check(tmp_path, f"expect: {expect}", f"warn: {warn}").warn == merged


@pytest.mark.parametrize(
    ("expect", "warn", "target", "words"),
    [
        ("{at_least: 45%}", "40%", "40%", "a limit above 45%"),
        ("{at_most: 45%}", "{limit: 50%}", "50%", "a limit below 45%"),
        ("{between: [40%, 60%]}", "[45%, 65%]", "65%", "looser"),
        ("{between: [40%, 60%]}", "{low: 30%}", "30%", "looser"),
        ("{reproduces: {within: 1pp}}", "{within: 2pp}", "2pp", "looser"),
        (f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%}}}}", "{within: 99%}", "99%", "looser"),
        ("{at_least: 45%}", "{at_least: 50%}", "at_least", "a warning has the kind of its expectation"),
        ("{at_least: 45%}", "{limt: 50%}", "limt", "did you mean 'limit'?"),
        ("{at_least: 45%}", "50", "50", "did you mean '50%'?"),
        ("{at_least: 45%}", "{limit: high}", "high", "an amount such as 45%"),
        ("{at_least: 45%}", "{}", "warn", "'warn' has no limit"),
        ("{at_least: 45%}", "[46%, 47%]", "warn", "'warn' has no limit"),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%}}}}",
            "{allowed_below: 1pp}",
            "warn",
            "exactly one of allowed_below",
        ),
        (
            f"{{on_trend: {{population: openclip, {AGAINST}, within: 95%}}}}",
            "{population: timm}",
            "population",
            "only the limit of on_trend: allowed_below or within",
        ),
    ],
)
def test_wrong_warnings(tmp_path: Path, expect: str, warn: str, target: str, words: str) -> None:
    found = problem(tmp_path, one_check(f"expect: {expect}", f"warn: {warn}"))
    assert words in found.text
    assert pointed_at(found) == target


@pytest.mark.parametrize(
    ("measure", "target", "words"),
    [
        ("{metric: top1, dataset: digits, transform: contrast}", "contrast", "contrast:1 to contrast:5"),
        ("{metric: top1, dataset: digits, transform: contrast:9}", "contrast:9", "unknown variant '9'"),
        ("{metric: top1, dataset: digits, transform: contrats:3}", "contrats:3", "did you mean 'contrast'?"),
        ("{metric: top1, dataset: digits, prompts: openai-8}", "openai-8", "did you mean 'openai-80'?"),
        ("{metric: top1, dataset: digits, prompts: mine.txt}", "mine.txt", "did you mean 'mime.txt'?"),
        ("{metric: top1, dataset: digits, where: {classes: imagenet-b}}", "imagenet-b", "unknown class set"),
        ("{metric: top1, dataset: digits, transform: typographic}", "typographic", "has no variant"),
        (
            "{metric: top1, dataset: digits, transform: typographic}",
            "typographic",
            "typographic:one-word, typo",
        ),
        ("{metric: top1, dataset: digits, transform: typographic:one-wrd}", "typographic:one-wrd", "mean 'one-word'?"),
        ("{metric: top1, dataset: digits, prompts: 2}", "2", "unknown prompt set '2'"),
        ("{metric: top1, dataset: digits, prompts: mine.json}", "mine.json", "did you mean 'mime.json'?"),
        ("{metric: top1, dataset: digits, where: {factor: true}}", "true", 'did you mean "true", in quotes?'),
        ("{metric: top1, dataset: imagnet-c}", "imagnet-c", "did you mean 'imagenet-c'?"),
        ("{metric: top1, dataset: digit}", "digit", "did you mean 'digits'?"),
    ],
)
def test_wrong_names_in_measure(tmp_path: Path, measure: str, target: str, words: str) -> None:
    (tmp_path / "mime.txt").write_text("a photo of a {c}.\n")
    (tmp_path / "mime.json").write_text("{}")
    found = problem(tmp_path, f"{HEAD}  - id: a\n    measure: {measure}\n    expect: {{at_least: 45%}}\n")
    assert words in found.text
    assert pointed_at(found) == target


def test_paths_count_from_the_suite_and_the_sentence_keeps_them_as_written(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("model\n")
    (tmp_path / "mine.txt").write_text("a photo of a {c}.\n")
    expect = (
        "on_trend: {population: mine.csv, against: {metric: top1, dataset: data/val}, within: 95%, among: {gpu: a100}}"
    )
    measure = "{metric: top1, dataset: ../data/mine, prompts: mine.txt}"
    text = f"{HEAD}  - id: a\n    measure: {measure}\n    expect: {{{expect}}}\n    warn: {{within: 90%}}\n"
    check = load(tmp_path, text).checks[0]
    assert isinstance(check.expect, OnTrend)
    assert isinstance(check.warn, OnTrend)
    assert check.quantity.dataset == str(tmp_path / "../data/mine")
    assert check.quantity.prompts == str(tmp_path / "mine.txt")
    assert check.expect.population == check.warn.population == str(tmp_path / "mine.csv")
    assert check.expect.against.dataset == str(tmp_path / "data/val")
    assert str(tmp_path) not in check.sentence


def test_a_warning_in_another_unit_is_not_compared(tmp_path: Path) -> None:
    text = one_check("expect: {at_least: 60}", "warn: 55%").replace("top1", "top11")
    assert [each.summary for each in problems(tmp_path, text)] == ["unknown metric 'top11'"]
