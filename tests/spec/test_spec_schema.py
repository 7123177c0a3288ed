from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from spec_suites import HEAD, NAMES, load, one_check, problems
from suite_texts import DESIGN_SUITE, SIX_MISTAKES
from test_spec_variables import cases

from robustcheck.run.known_names import known_names
from robustcheck.spec import json_schema, reference_markdown
from robustcheck.spec.language import CheckModel, DefaultsModel, SuiteModel
from robustcheck.spec.schema import generate_files
from robustcheck.spec.source import read_document
from robustcheck.values.expectations import KINDS

ROOT = Path(__file__).parents[2]
TREND = "population: openclip, against: {metric: top1, dataset: imagenet-val}"

GOOD = [
    DESIGN_SUITE,
    *(one_check(*kind.example.splitlines()) for kind in KINDS.values()),
    one_check("expect: {between: {low: 40%, high: 60%}}", "warn: [45%, 55%]"),
    one_check("expect: {at_least: {limit: 45%}}", "warn: {limit: 50%}"),
    one_check(f"expect: {{on_trend: {{{TREND}, within: 95%, among: {{source: [laion]}}, x_range: [50%, 90%]}}}}"),
    one_check(f"expect: {{on_trend: {{{TREND}, within: 95%, among: {{source: laion}}, axis: logit}}}}"),
    one_check("expect: {at_least: 4%}", "known_deviations: [{model: x, reason: y, until: 2027-01-31}]", "tags: [a]"),
    one_check("expect: {at_least: 4%}", 'applies_to: {source: laion, samples: ">=1e9", zoo: true}', "seed: 3"),
    one_check("expect: {at_least: 4%}", "applies_to: source=laion&samples>=1e9", "when_unsure: fail"),
    "models: [clip, {source: [laion, wit]}, 'openclip:ViT-B-*/*']\n" + one_check("expect: {at_least: 4%}"),
    "models: {samples: 1e9}\n" + one_check("expect: {at_least: 4%}"),
    one_check("expect: {at_least: 4%}").replace("digits}", "digits, where: {corruption: fog, level: 5}, prompts: 1}"),
    one_check("expect: {at_most: 0.04}").replace(
        "top1, dataset: digits}", "ece, dataset: digits, options: {sizes: [1/4]}}"
    ),
    f"{HEAD}  - id: a\n    measure: {{metric: auroc, dataset: ninco, options: {{score: msp, t: 0.5}}}}\n"
    "    expect: {at_least: 0.9}\n",
    cases("{d: [digits], s: [1, 2], low: [45%]}", 'expect: {at_least: "${low}"}', 'seed: "${s}"'),
    cases("{d: [digits], u: [fail, warn]}", "expect: {between: [4%, 5%]}", 'when_unsure: "${u}"', 'tags: ["${u}"]'),
    cases(
        "{d: [digits], x: [50%, 60%], axis: [logit], band: [95%], day: [2027-01-31]}",
        "expect: {on_trend: {population: openclip, against: {metric: top5, dataset: digits},"
        ' within: "${band}", x_range: ["${x}", 90%], axis: "${axis}"}}',
        'warn: {within: "80%"}',
        'known_deviations: [{model: "${d}", reason: "${d}", until: "${day}"}]',
    ),
]

BAD = [
    SIX_MISTAKES,
    "",
    one_check(),
    one_check("expect: {}"),
    one_check("expect: {at_least: 45%, at_most: 50%}"),
    one_check("expect: {at_lest: 45%}"),
    one_check("expect: {at_least: high}"),
    one_check("expect: {at_least: }"),
    one_check("expect: {between: [4%]}"),
    one_check("expect: {reproduces: 0.5pp}"),
    one_check("expect: {at_least: 4%}", "warn: {limt: 5%}"),
    one_check("expect: {at_least: 4%}", "warn:"),
    one_check("expect: {at_least: 4%}", "seed: 1.5"),
    one_check("expect: {at_least: 4%}", "seed: -1"),
    one_check("expect: {at_least: 4%}", 'seed: "3"'),
    one_check("expect: {at_least: 4%}", "seed:"),
    one_check("expect: {at_least: 4%}", "title: 3"),
    one_check("expect: {at_least: 4%}", "tags: shift"),
    one_check("expect: {at_least: 4%}", "tags: [Shift]"),
    one_check("expect: {at_least: 4%}", "when_unsure: maybe"),
    one_check("expect: {at_least: 4%}", "applies_to: {}"),
    one_check("expect: {at_least: 4%}", "applies_to: [a]"),
    one_check("expect: {at_least: 4%}", "for_each: {}"),
    one_check("expect: {at_least: 4%}", "for_each: {a: b}"),
    one_check("expect: {at_least: 4%}", "known_deviations: [{model: x, reason: y, until: soon}]"),
    one_check("expect: {at_least: 4%}", "known_deviations: [{model: x}]"),
    "models: []\n" + one_check("expect: {at_least: 4%}"),
    "defaults: {sede: 3}\n" + one_check("expect: {at_least: 4%}"),
    "robustcheck: 2\nchecks: []\n",
    "robustcheck: 1\nchecks: []\n",
    f"{HEAD}  - id: A b\n    measure: {{metric: top1, dataset: digits}}\n    expect: {{at_least: 4%}}\n",
    one_check("expect: {at_least: 4%}").replace("digits}", "digits, where: {a: true}}"),
    one_check("expect: {at_least: 4%}").replace("digits}", "digits, options: {t: [1]}}"),
    f"{HEAD}  - id: a\n    measure: {{metric: auroc, dataset: digits, options: msp}}\n    expect: {{at_least: 0.4}}\n",
]


def in_schema(tmp_path: Path, text: str) -> bool:
    path = tmp_path / "schema.robust.yaml"
    path.write_text(text or "{}", encoding="utf-8")
    return jsonschema.Draft202012Validator(json_schema(NAMES)).is_valid(read_document(path).data)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(NAMES))


@pytest.mark.parametrize("text", GOOD)
def test_good_suites_are_good_for_both(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)
    assert in_schema(tmp_path, text)


@pytest.mark.parametrize("text", BAD)
def test_bad_suites_are_bad_for_both(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)
    assert not in_schema(tmp_path, text)


def test_the_shipped_suites_fit_the_schema() -> None:
    suites = sorted((ROOT / "suites").rglob("*.robust.yaml"))
    assert suites
    for path in suites:
        jsonschema.Draft202012Validator(json_schema(known_names(path.parent))).validate(read_document(path).data)


def test_generated_files_are_fresh() -> None:
    generated = runpy.run_path(str(ROOT / "scripts" / "write_generated.py"), run_name="write_generated")["generated"]
    stale = [path.name for path, text in generated().items() if path.read_text("utf-8") != text]
    assert not stale, "run: python scripts/write_generated.py --write"


def test_the_schema_and_the_reference_page_are_generated() -> None:
    assert [path.name for path in generate_files(NAMES)] == ["schema.json", "yaml-reference.md"]


def test_the_command_reports_and_writes_stale_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(ROOT / "scripts" / "write_generated.py"), run_name="write_generated")["main"]
    target = tmp_path / "docs" / "x.md"
    assert main([], {target: "new\n"}) == 1
    assert capsys.readouterr().out == "stale: x.md\n"
    assert main(["--write"], {target: "new\n"}) == 0
    assert target.read_text() == "new\n"
    assert main([], {target: "new\n"}) == 0


def test_names_of_other_packages_are_in_the_schema() -> None:
    names = replace(NAMES, metrics={**NAMES.metrics, "colour_gap": "%"}, datasets=NAMES.datasets | {"shop-photos"})
    definitions = json_schema(names)["$defs"]
    assert "colour_gap" in definitions["MetricName"]["anyOf"][0]["enum"]
    assert "shop-photos" in definitions["DatasetName"]["anyOf"][0]["enum"]


def test_the_reference_names_every_key_and_kind() -> None:
    page = reference_markdown()
    for model in (SuiteModel, CheckModel, DefaultsModel, *KINDS.values()):
        assert all(f"| `{field.alias or name}` |" in page for name, field in model.model_fields.items())
    assert all(f"### `{kind}`" in page for kind in KINDS)
    assert "| `axis` | `probit` or `logit` or `linear` | `probit` |" in page


def test_every_key_has_a_description() -> None:
    def undescribed(model: Any) -> list[str]:
        return [name for name, field in model.model_fields.items() if not field.description]

    models = (SuiteModel, CheckModel, DefaultsModel, *KINDS.values())
    assert [undescribed(model) for model in models] == [[]] * len(models)
